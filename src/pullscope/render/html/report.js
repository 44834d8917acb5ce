"use strict";
// What the page does once it is read: filter, tabs, copying, unpacking. Without it, everything but packed pulls is shown.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const filter = document.getElementById("filter"), found = document.getElementById("found"), fold = document.getElementById("fold");
  const pulls = [];
  let words = [];

  function tabs(views) {
    const list = document.createElement("div"), sections = all(":scope > .view", views);
    list.className = "tabs"; list.setAttribute("role", "tablist"); list.setAttribute("aria-label", "Views of this pull");
    const buttons = sections.map((section) => {
      const button = document.createElement("button");
      button.type = "button"; button.textContent = section.dataset.tab; button.id = section.id + "-tab";
      button.setAttribute("role", "tab"); button.setAttribute("aria-controls", section.id);
      section.setAttribute("role", "tabpanel"); section.setAttribute("aria-labelledby", button.id);
      list.append(button); return button;
    });
    const choose = (number, focus) => buttons.forEach((button, at) => {
      const on = at === number;
      button.setAttribute("aria-selected", on); button.tabIndex = on ? 0 : -1; sections[at].hidden = !on;
      if (on && focus) button.focus();
    });
    list.addEventListener("click", (event) => { const at = buttons.indexOf(event.target); if (at >= 0) choose(at); });
    list.addEventListener("keydown", (event) => {
      const at = buttons.indexOf(document.activeElement), last = buttons.length - 1;
      const to = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[event.key];
      if (to !== undefined) { event.preventDefault(); choose(to, true); }
    });
    views.classList.add("tabbed"); views.before(list); views.choose = choose; choose(0);
  }

  async function unpack(pull) {
    const packed = pull.querySelector(":scope > script");
    if (packed) {
      const text = packed.textContent; packed.remove();
      const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      pull.querySelector(".body").innerHTML = await new Response(stream).text();
    }
    all(".views:not(.tabbed)", pull).forEach(tabs);
    steps(pull);
  }

  // Within an open pull only the steps with all of the words are shown, if there are such.
  function steps(pull) {
    const rows = all("details.step", pull), hits = rows.filter((row) => words.every((word) => row.dataset.find.includes(word)));
    rows.forEach((row) => { row.hidden = words.length > 0 && hits.length > 0 && !hits.includes(row); });
  }

  function apply() {
    words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { node, find } of pulls) {
      const hit = words.every((word) => find.includes(word)) ||
        all("details.step", node).some((row) => words.every((word) => row.dataset.find.includes(word)));
      if (node.hidden === hit) node.hidden = !hit;
      if (hit) count += 1;
      if (node.open) steps(node);
    }
    found.textContent = words.length ? `${count} of ${pulls.length}` : "";
    document.getElementById("nothing").hidden = count > 0 || pulls.length === 0;
  }

  async function target() {
    const [pull, step] = location.hash.slice(1).split("-"), node = /^p\d+$/.test(pull) && document.getElementById(pull);
    if (!node) return;
    node.open = true; await unpack(node);
    const row = step && document.getElementById(`${pull}-${step}`);
    if (row) { all(".views", node).forEach((views) => views.choose(0)); row.hidden = false; row.open = true; row.scrollIntoView(); row.querySelector("summary").focus(); }
  }

  // A pull that is new here, or takes the place of an earlier state of itself.
  function adopt(node) {
    const known = pulls.find((pull) => pull.node.id === node.id), pull = { node, find: node.dataset.find };
    if (known) Object.assign(known, pull); else pulls.push(pull);
    node.addEventListener("toggle", () => { if (node.open) unpack(node); });
    if (node.open) unpack(node);
  }
  all(".pull").forEach(adopt);
  document.addEventListener("pull", (event) => { adopt(event.target); if (words.length) apply(); });
  filter.addEventListener("input", apply);
  addEventListener("hashchange", target);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(event.target.tagName) && !event.ctrlKey && !event.metaKey) { event.preventDefault(); filter.focus(); }
    if (event.key === "Escape" && event.target === filter) { filter.value = ""; apply(); }
  });
  document.addEventListener("click", async (event) => {
    if (!event.target.classList.contains("copy")) return;
    const text = event.target.parentNode.querySelector("pre").textContent;
    try { await navigator.clipboard.writeText(text); event.target.textContent = "Copied"; }
    catch { getSelection().selectAllChildren(event.target.parentNode.querySelector("pre")); event.target.textContent = "Selected"; }
    setTimeout(() => { event.target.textContent = "Copy"; }, 1500);
  });
  fold.addEventListener("click", () => {
    const shown = pulls.filter(({ node }) => !node.hidden), open = shown.some(({ node }) => !node.open);
    shown.forEach(({ node }) => { node.open = open; });
    fold.textContent = open ? "Close all" : "Open all";
  });
  // The same pulls in another order; what was asked for again is as it was seen.
  const sort = document.getElementById("sort"), ranks = ["failed", "incomplete", "under way", "complete"];
  const orders = {
    outcome: (one, other) => ranks.indexOf(one.dataset.outcome) - ranks.indexOf(other.dataset.outcome),
    seconds: (one, other) => other.dataset.seconds - one.dataset.seconds,
    bytes: (one, other) => other.dataset.bytes - one.dataset.bytes,
    image: (one, other) => one.dataset.image.localeCompare(other.dataset.image),
    client: (one, other) => one.dataset.client.localeCompare(other.dataset.client),
  };
  sort?.addEventListener("change", () => {
    const seen = (one, other) => one.id.slice(1) - other.id.slice(1), order = orders[sort.value];
    const nodes = pulls.map(({ node }) => node).sort((one, other) => order?.(one, other) || seen(one, other));
    const mark = document.createComment(""), key = ["image", "client"].includes(sort.value) ? sort.value : "";
    all(".group").forEach((node) => node.remove());
    nodes[0].before(mark);
    let last;
    for (const node of nodes) {
      if (key && node.dataset[key] !== last) {
        const head = document.createElement("h2"); last = node.dataset[key];
        head.className = "group"; head.textContent = last; mark.before(head);
      }
      mark.before(node);
    }
    mark.remove();
  });
  let opened = [];
  addEventListener("beforeprint", () => { opened = all("details.step:not([open])"); opened.forEach((node) => { node.open = true; }); });
  addEventListener("afterprint", () => opened.forEach((node) => { node.open = false; }));
  target();
})();
