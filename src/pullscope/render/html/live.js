// The live page: what the server sends takes its place, what is open stays open, and the latest lesson stands beside.
(() => {
  const element = (id) => document.getElementById(id), all = (selector, root) => [...root.querySelectorAll(selector)];
  const list = element("list"), beside = element("beside");
  let pinned = false;

  function lesson(step) {
    if (!step) return;
    element("beside-title").textContent = `${step.querySelector(".n").textContent} ${step.querySelector(".title").textContent}`;
    element("beside-lesson").replaceChildren(...all(".detail > .lesson > *", step).map((node) => node.cloneNode(true)));
    beside.hidden = false;
  }

  function show(id, html) {
    const old = element(id), box = document.createElement("template");
    box.innerHTML = html;
    const fresh = box.content.querySelector("details.pull"), focus = document.activeElement?.closest("details.step")?.id;
    const before = new Set(old ? all("details.step", old).map((step) => step.id) : []);
    if (old) {
      fresh.open = old.open;
      all("details[open][id]", old).forEach((node) => { const same = fresh.querySelector(`#${node.id}`); if (same) same.open = true; });
      const tab = all("[role=tab]", old).findIndex((node) => node.getAttribute("aria-selected") === "true");
      old.replaceWith(fresh);
      fresh.dispatchEvent(new Event("pull", { bubbles: true }));
      if (tab > 0) all(".views", fresh).forEach((views) => views.choose?.(tab));
    } else {
      element("empty")?.remove();
      list.prepend(fresh);
      fresh.dispatchEvent(new Event("pull", { bubbles: true }));
    }
    if (focus && fresh.querySelector(`#${focus}`)) fresh.querySelector(`#${focus} > summary`).focus();
    const added = all("details.step", fresh).filter((step) => !before.has(step.id));
    added.forEach((step) => step.classList.add("fresh"));
    if (!pinned) lesson(added.at(-1));
  }

  // A step that a person opens keeps its lesson in view until it is closed.
  document.addEventListener("click", (event) => {
    const step = event.target.closest("details.step > summary")?.parentNode;
    if (step) { pinned = !step.open; if (pinned) lesson(step); }
  });

  const events = new EventSource("events"), state = element("state");
  const on = (name, act) => events.addEventListener(name, (event) => act(JSON.parse(event.data)));
  events.onopen = () => { state.textContent = "live"; };
  events.onerror = () => { state.textContent = "the proxy does not answer"; };
  on("pull", ({ id, html }) => show(id, html));
  on("rest", ({ html }) => { element("general").innerHTML = html; });
  on("tally", ({ text }) => { element("tally").textContent = text; });
  on("end", () => { events.close(); state.textContent = "ended"; });
})();
