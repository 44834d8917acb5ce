"use strict";
// What the page does: it unpacks what it carries, draws a pull when it is opened, filters, sorts, copies. What came over the
// wire becomes text nodes (`make`), never markup.
const page = (() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)], byId = (id) => document.getElementById(id);
  const filter = byId("filter"), found = byId("found"), fold = byId("fold"), list = byId("list");
  const pulls = [], known = new Map(); // { node, index, data: what is drawn, when it is asked for }, by id too
  let words = [];

  // An element with attributes and children; a child that is no element is text.
  const SHAPES = ["svg", "g", "rect", "line", "text", "path", "title"];
  function make(name, attributes, ...children) {
    const [tag, kind] = name.split("."), node = SHAPES.includes(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [key, value] of Object.entries({ class: kind, ...attributes })) if (value !== undefined) node.setAttribute(key, value);
    node.append(...children.flat(9).filter((child) => child !== undefined && child !== null));
    return node;
  }
  const isolated = (text) => make("bdi", {}, text);
  // Our own sentences: what stands in backticks is code.
  const prose = (text) => text.split("`").map((piece, at) => (at % 2 ? make("code", {}, piece) : piece));
  const link = ({ href, section }) => make("a", { href: href.startsWith("https://") ? href : "#", rel: "noreferrer noopener" }, section);

  // Sizes and times as everywhere in pullscope (amounts.py).
  function size(count) {
    if (!(count >= 1000)) return count === undefined ? "? B" : `${count} B`;
    for (const unit of ["kB", "MB", "GB", "TB"]) { count /= 1000; if (count < 999.95 || unit === "TB") return `${count.toFixed(1)} ${unit}`; }
  }
  function duration(seconds) {
    if (seconds < 0.9995) return `${(seconds * 1000).toFixed(0)} ms`;
    if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
    return `${Math.floor(Math.round(seconds) / 60)} min ${String(Math.round(seconds) % 60).padStart(2, "0")} s`;
  }
  const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

  // ---- What is carried (data.py): packed, columns instead of rows, places instead of texts, differences instead of times.
  const TICK = 1e-4, TIMES = new Set(["at", "head", "took", "upload"]);
  const NUMBERS = new Set(["id", "n", "hops", "token", "untimed", "bytes", "requests", "bad", "connection", "order", ...TIMES]);
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  async function unpack(script) {
    const [packed, digests] = script.textContent.split(" ");
    const text = await new Response(new Blob([bytes(packed)]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
    return Object.assign(JSON.parse(text), { digests });
  }
  const rows = (columns, from, count) => Array.from({ length: count }, (_, at) => Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[from + at]])));
  function revived(pack, id) {
    const before = pack.pulls.slice(0, pack.pulls.findIndex((one) => `p${one.id}` === id)), total = (name) => before.reduce((sum, one) => sum + one[name], 0);
    const { steps, hops, name, digests, ...rest } = pack.pulls[before.length];
    let place = 0, time = 0, next = 0;
    const all = bytes(pack.digests), digest = (at) => Array.from(all.subarray(at * 32, at * 32 + 32), (one) => one.toString(16).padStart(2, "0")).join("");
    const marks = [...(name ? [name, encodeURIComponent(name)] : []), ...digests.map((further) => digest((place += further)))];
    const text = (at) => pack.texts[at].replace(/\u0001(\d+)(?::(\d+))?\u0002/g, (_, mark, most) => marks[mark].slice(0, most));
    function value(of, name) {
      if (of === null) return undefined;
      if (typeof of === "number") return !NUMBERS.has(name) ? text(of) : TIMES.has(name) ? of * TICK : of;
      if (Array.isArray(of)) return of.map((one) => value(one, name));
      return Object.fromEntries(Object.entries(of).map(([key, one]) => [key, value(one, key)]));
    }
    const pull = value(rest, "");
    pull.hops = rows(pack.hops, total("hops"), hops).map(({ at, took, ...hop }) => value({ ...hop, at: (time += at), took: Number.isInteger(took) ? (hop.head ?? 0) + took : null }, ""));
    pull.steps = rows(pack.steps, total("steps"), steps).map(({ hops: count, ...step }) => ({ ...value(step, ""), hops: pull.hops.slice(next, (next += count)) }));
    pull.steps.forEach((step) => step.hops.forEach((hop) => { hop.step = step; }));
    pull.told = (pull.order ?? pull.steps.flatMap((step) => step.hops).map((_, at) => at)).map((at) => pull.hops[at]);
    pull.open = byId(id)?.classList.contains("under");
    pull.name = `${byId(id)?.querySelector("bdi").textContent.split(" ")[0] ?? "pull"} ${pull.id}`;
    return pull;
  }
  const packs = all(".pack"), unpacked = [];
  const packed = (number) => (unpacked[number] ??= unpack(packs[number]));
  const carried = async (pull) => revived(await packed(pull.index.pack), pull.node.id);

  // ---- Time, as pictures: positions are per cent, so that a picture is as wide as its place.
  const HEIGHT = 18, BAR = 12, LEAST = 0.35, SIDE = "%";
  function scaleOf(pull) {
    const end = Math.max(0.001, ...pull.hops.map((hop) => hop.at + (hop.took ?? 0)));
    const at = (time) => Math.min(100, Math.max(0, (time / end) * 100));
    let step = 1e-4;
    for (let number = 0; end / step > 5; number += 1) step *= [2, 2.5, 2][number % 3];
    const ticks = pull.untimed ? [] : Array.from({ length: Math.floor(end / step) + 1 }, (_, number) => Number((number * step).toPrecision(12)));
    return { end, at, ticks };
  }
  const percent = (number) => number.toFixed(2) + SIDE;
  const rect = (kind, x, y, width, height = BAR) => make("rect", { class: kind, x: percent(x), y, width: percent(width), height });
  const upright = (scale, height) => scale.ticks.map((at) => make("line.tick", { x1: percent(scale.at(at)), x2: percent(scale.at(at)), y1: 0, y2: height }));
  const picture = (height, label, ...parts) => make("svg.time", { role: "img", "aria-label": label, width: "100%", height }, parts);
  function axis(scale) {
    const most = scale.ticks.at(-1) ?? 0, [factor, unit] = most < 1 ? [1000, "ms"] : most < 300 ? [1, "s"] : [1 / 60, "min"];
    return make("svg.axis", { "aria-hidden": "true", width: "100%", height: 16 }, scale.ticks.map((at) =>
      make("text", { x: percent(scale.at(at)), y: 12, class: scale.at(at) > 96 ? "last" : "tick" }, `${Number((at * factor).toPrecision(6))}${at === most ? ` ${unit}` : ""}`)));
  }
  // Waiting is pale; bytes that are sent or received have the full colour.
  function bar(hop, scale, top) {
    const began = scale.at(hop.at), end = scale.at(hop.took === undefined ? scale.end : hop.at + hop.took);
    const first = Math.min(Math.max(hop.head === undefined ? end : scale.at(hop.at + hop.head), began), end);
    const wait = Math.max(first - began, LEAST), receive = Math.max(end - first, hop.head === undefined ? 0 : LEAST);
    const start = Math.min(began, 100 - wait - receive), parts = [rect(`wait ${hop.role}`, start, top, wait)];
    if (hop.upload !== undefined) parts.push(rect(`send ${hop.role}`, start, top, Math.min(Math.max(scale.at(hop.at + hop.upload) - start, LEAST), wait)));
    if (receive) parts.push(rect(`receive ${hop.role}`, start + wait, top, receive));
    if (hop.bad) parts.push(make("rect.broken", { x: percent(Math.max(start + wait + receive, 1)), y: top - 2, width: 3, height: BAR + 4 }));
    return make("g", {}, make("title", {}, `${hop.method} ${hop.host}: ${[hop.status, ...times(hop)].join(", ")}`), parts);
  }
  function times(hop, pull) {
    if (pull?.untimed) return ["times not known"];
    const parts = pull ? [`at ${duration(hop.at)}`, ...(hop.reached ?? [])] : [];
    if (hop.head !== undefined) parts.push(`first byte ${duration(hop.head)}`);
    if (hop.took !== undefined) parts.push(`end ${duration(hop.took)}`);
    return hop.bytes ? [...parts, size(hop.bytes)] : parts;
  }
  function stepBar(step, scale) {
    const ends = step.hops.map((hop) => (hop.took === undefined ? scale.end : hop.at + hop.took));
    const track = make("line.track", { x1: percent(scale.at(step.hops[0].at)), x2: percent(scale.at(Math.max(...ends))), y1: 9, y2: 9 });
    return picture(HEIGHT, `${counted(step.hops.length, "exchange")} in time`, upright(scale, HEIGHT), track, step.hops.map((hop) => bar(hop, scale, 3)));
  }
  // A lane for each connection; HTTP/2 has several exchanges at a time on one, in as few lines as they take.
  function connections(pull, scale) {
    const lanes = new Map();
    for (const hop of [...pull.hops].sort((one, other) => one.at - other.at)) lanes.set(hop.connection, [...(lanes.get(hop.connection) ?? []), hop]);
    return [...lanes].map(([number, hops]) => {
      const lines = [], tops = hops.map((hop) => {
        let line = lines.findIndex((end) => end <= hop.at);
        if (line < 0) line = lines.length;
        lines[line] = hop.at + (hop.took ?? 0);
        return 3 + line * (BAR + 3);
      });
      const height = Math.max(lines.length * (BAR + 3) + 5, HEIGHT), some = counted(hops.length, "request");
      const said = [[...new Set(hops.map((hop) => hop.host))].join(", "), [...new Set(hops.map((hop) => hop.version))].join("/"), some].join(" · ");
      return make("div.lane", {}, make("p", {}, make("strong", {}, number === undefined ? "connection not known" : `connection ${number}`), " ", make("span", {}, isolated(said))),
        picture(height, `${some} in time`, upright(scale, height), hops.map((hop, at) => bar(hop, scale, tops[at]))));
    });
  }

  // ---- Who spoke to whom: the client and each host, with an arrow each way a hop. In pixels: it scrolls.
  const MARGIN = 150, COLUMN = 260, ROW = 36, TOP = 58, MOST_HOPS = 300;
  const cut = (text, most) => (text.length <= most ? text : `${text.slice(0, most - 2)}..`);
  function sequence(pull) {
    const hops = pull.told.slice(0, MOST_HOPS), hosts = pull.hosts.map((host) => host.host), height = TOP + ROW * hops.length + 14;
    const width = MARGIN + COLUMN * Math.max(hosts.length, 1) + 110, place = (host) => MARGIN + COLUMN * (hosts.indexOf(host) + 1);
    const life = (x, role, name, kind) => [make("line.life", { x1: x, x2: x, y1: 40, y2: height - 6 }), make("text", { class: `who ${kind}`, x, y: 16 }, role), make("text.name", { x, y: 32 }, cut(name, 34))];
    const parts = [life(MARGIN, "client", pull.client, "client"), pull.hosts.map((host) => life(place(host.host), host.roles.join("+"), host.host, host.roles[0]))];
    let before;
    hops.forEach((hop, number) => {
      const top = TOP + ROW * number, back = top + 15, x = place(hop.host);
      if (hop.step !== before) parts.push(make("line.band", { x1: 0, x2: width, y1: top - 12, y2: top - 12 }), make("text.of", { x: 8, y: top + 4 }, `${hop.step.n} ${hop.step.title}`));
      before = hop.step;
      parts.push(make("g", { class: hop.role }, make("line.ask", { x1: MARGIN, x2: x, y1: top, y2: top }), make("path", { d: `M${x} ${top}l-7 -3.5v7z` }), make("text", { x: MARGIN + 10, y: top - 3 }, cut(hop.asked, 38))),
        make("g", { class: `${hop.role}${hop.bad ? " bad" : ""}` }, make("line.answer", { x1: MARGIN, x2: x, y1: back, y2: back }), make("path", { d: `M${MARGIN} ${back}l7 -3.5v7z` }), make("text.end", { x: x - 10, y: back - 3 }, hop.answered)));
    });
    const label = `Sequence of ${hops.length} exchanges between the client and ${hosts.join(", ")}; the steps list the same.`;
    return make("svg.sequence", { role: "img", "aria-label": label, width, height, viewBox: `0 0 ${width} ${height}` }, parts);
  }

  // ---- The parts of an open pull.
  const facts = (of) => make("dl.about", {}, Object.entries(of).map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, make("code", {}, text)))));
  const roleOf = (role) => make("span", { class: `role ${role}` }, role);
  const scrolled = (label, child) => make("div.scroll", { tabindex: 0, role: "region", "aria-label": label }, child);
  const copied = (title, label, text) => make("div.hand", {}, make("p.label", {}, title), make("button.copy", { type: "button", "aria-label": `Copy the ${label}` }, "Copy"), make("pre", { tabindex: 0, role: "region", "aria-label": label }, make("code", {}, text)));
  const table = (kind, heads, lines) => make("table", { class: kind }, make("thead", {}, make("tr", {}, heads.map(([name, number]) => make("th", { scope: "col", class: number }, name)))), make("tbody", {}, lines));
  // `vanity 302 › registry 401 200`: each host once, with its statuses in their order.
  function chain(step) {
    const said = new Map();
    for (const hop of step.hops) {
      const key = `${hop.host} ${hop.role}`, [role, statuses] = said.get(key) ?? [hop.role, []];
      if (statuses.at(-1) !== hop.status) statuses.push(hop.status);
      said.set(key, [role, statuses]);
    }
    return [...said.values()];
  }
  const chained = (step) => make("span.chain", {}, chain(step).map(([role, statuses], at) => [at ? " › " : "", roleOf(role), ` ${statuses.slice(-6).join(" ")}`]));
  function exchange(hop, pull) {
    const fields = (name, lines = []) => (lines.length ? make("table.headers", {}, make("caption", {}, name), make("tbody", {}, lines.map((line) => {
      const at = line.indexOf(": ");
      return make("tr", {}, make("th", { scope: "row" }, isolated(line.slice(0, at))), make("td", {}, isolated(line.slice(at + 2))));
    }))) : null);
    return make("li", { class: hop.bad ? "bad" : undefined },
      make("p.exchange", {}, make("span.status", {}, hop.status), " ", roleOf(hop.role), " ", make("code", {}, isolated(`${hop.method} ${hop.url}`))),
      hop.location && make("p.location", {}, "points to ", make("code", {}, isolated(hop.location))),
      make("p.times", {}, [...times(hop, pull), hop.note].filter(Boolean).join(" · ")),
      make("details.more", {}, make("summary", {}, "headers"), make("div", {}, fields("asked with", hop.sent), fields("answered with", hop.received))));
  }
  function detail(step, pull) {
    return make("div.detail", {},
      make("div.lesson", {}, make("p", {}, prose(step.beginner)),
        step.ideas?.map((idea) => make("p", {}, make("strong", {}, `${idea.name}.`), " ", idea.lines.map((line, at) => [at ? make("br", {}) : "", prose(line)]), " ", link(idea))),
        make("p.expert", {}, prose(step.expert), " ", link(step))),
      Object.keys(step.facts).length ? facts(step.facts) : null,
      step.curl?.length ? copied(step.hand, `curl line of step ${step.n} of ${pull.name}`, step.curl.join(" \\\n  ")) : null,
      make("ol.hops", {}, step.hops.map((hop) => exchange(hop, pull))));
  }
  function row(step, pull, scale) {
    const links = chain(step), failed = step.outcome === "failed", end = Math.max(...step.hops.map((hop) => hop.at + (hop.took ?? NaN)));
    const node = make("details", { class: `step${failed ? " failed" : ""}${step.token ? " token" : ""}`, id: `p${pull.id}-s${step.n}` }, make("summary", {},
      make("span.n", {}, step.n), " ", make("span.title", {}, step.title), " ", make("span.says", {}, isolated(step.says)), " ",
      chained(step), " ",
      make("span.bar", {}, stepBar(step, scale)), " ", make("span.time", {}, pull.untimed || !(end >= 0) ? "" : duration(end - step.hops[0].at))));
    node.find = [step.title, step.says, step.outcome, links, step.hops.map((hop) => hop.host), step.facts.digest].flat(9).join(" ").toLowerCase();
    node.fill = () => { if (!node.querySelector(".detail")) node.append(detail(step, pull)); };
    node.addEventListener("toggle", () => { if (node.open) node.fill(); });
    return node;
  }
  // Requests of no step yet, those for the same thing in one line.
  function running(pull, scale) {
    const asked = {};
    if (pull.open) for (const hop of pull.hops) if (!hop.step) (asked[hop.asked.replace(/ with (token|login|Author).*/, "")] ??= []).push(hop);
    return Object.entries(asked).map(([says, hops]) => make("div", { class: "step running" }, make("p", {},
      make("span.n", {}, "…"), " ", make("span.title", {}, "under way"), " ", make("span.says", {}, isolated(says)), " ", chained({ hops }), " ", make("span.bar", {}, stepBar({ hops }, scale)))));
  }
  const tree = (nodes) => make("ul.tree", {}, nodes.map((node) => make("li", {},
    make("span.node", {}, make("span", { class: `state ${node.mark}` }, node.state), " ", make("strong", {}, node.name), node.size && [" ", make("span.size", {}, node.size)], node.digest && [" ", make("code.digest", {}, node.digest)]),
    node.children.length ? tree(node.children) : null)));
  function hosts(pull) {
    const lines = pull.hosts.map((host) => make("tr", {}, make("td", {}, make("code", {}, isolated(host.address))), make("td", {}, host.roles.map((role) => [roleOf(role), " "])),
      make("td", {}, host.label, host.label && make("span.evidence", {}, ` by ${host.evidence}`)), make("td.number", {}, host.requests), make("td.number", {}, size(host.bytes))));
    const heads = [["host and port"], ["role"], ["looks like"], ["requests", "number"], ["bytes", "number"]];
    const storage = pull.hosts.some((host) => host.roles.includes("cdn")) ? " The host names of a CDN may change: also allow those that the registry's operator publishes." : "";
    return [scrolled(`Hosts of ${pull.name}`, table("hosts", heads, lines)),
      copied(`Allowlist for a firewall.${storage}`, `hosts and ports of ${pull.name}`, pull.hosts.map((host) => host.address).join("\n"))];
  }
  function steps(pull, scale) {
    const roles = [...new Set(pull.hosts.flatMap((host) => host.roles))], way = (sent, got) => [sent && "sending", got && "receiving"].filter(Boolean).join(" or ") || "receiving";
    const moving = way(pull.hops.some((hop) => hop.upload !== undefined), pull.hops.some((hop) => hop.bytes));
    const legend = make("p.legend", {}, roles.map((role) => [make("span.key", {}, make("i", { class: role }), role), " "]), make("span.key", {}, `pale: waiting, full: ${moving}`));
    return [make("div.ruler", {}, legend, axis(scale), make("span", {})), make("div.steps", {}, pull.steps.map((step) => row(step, pull, scale)), running(pull, scale))];
  }

  // The views of a pull, as tabs; on paper they follow each other.
  function tabs(views, pull) {
    const bar = make("div.tabs", { role: "tablist", "aria-label": `Views of ${pull.name}` });
    const sections = Object.entries(views).map(([name, children]) => make("section.view", { id: `p${pull.id}-${name.toLowerCase()}`, role: "tabpanel", "aria-labelledby": `p${pull.id}-${name.toLowerCase()}-tab` }, make("h2", {}, name), children));
    const buttons = Object.keys(views).map((name, at) => make("button", { type: "button", role: "tab", id: `${sections[at].id}-tab`, "aria-controls": sections[at].id }, name));
    const choose = (number, focus) => buttons.forEach((button, at) => {
      const on = at === number;
      button.setAttribute("aria-selected", on); button.tabIndex = on ? 0 : -1; sections[at].hidden = !on;
      if (on && focus) button.focus();
    });
    bar.append(...buttons);
    bar.addEventListener("click", (event) => { const at = buttons.indexOf(event.target); if (at >= 0) choose(at); });
    bar.addEventListener("keydown", (event) => {
      const at = buttons.indexOf(document.activeElement), last = buttons.length - 1;
      const to = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[event.key];
      if (to !== undefined) { event.preventDefault(); choose(to, true); }
    });
    const box = make("div", { class: "views tabbed" }, sections);
    box.choose = choose;
    choose(0);
    return [bar, box];
  }
  function body(pull) {
    const scale = scaleOf(pull);
    return make("div.body", {}, make("p.verdict", {}, make("strong", {}, pull.verdict)), facts(pull.facts), tabs({
      Steps: steps(pull, scale),
      Connections: [make("div", { class: "ruler lanes" }, axis(scale)), connections(pull, scale)],
      Sequence: scrolled(`Sequence diagram of ${pull.name}`, sequence(pull)),
      Image: pull.tree.length ? tree(pull.tree) : make("p.none", {}, "No manifest was fetched, so nothing is known of what the image holds."),
      Hosts: hosts(pull),
    }, pull));
  }
  async function draw(pull) {
    if (pull.drawn) return;
    pull.drawn = true;
    const wait = make("p.wait", {}, "Opening …"), { node } = pull;
    node.append(wait);
    try { node.append(body(await pull.data())); narrow(pull); }
    catch (error) {
      const cannot = typeof DecompressionStream === "undefined" ? "This browser cannot unpack the steps: it has no DecompressionStream. Browsers from 2023 on have it." : `The steps cannot be shown: ${error}`;
      node.append(make("p.none", {}, cannot));
    }
    wait.remove();
  }

  // ---- The list: filter, order, open and close.
  function narrow({ node }) {
    const lines = all("details.step", node), hits = lines.filter((line) => words.every((word) => line.find.includes(word)));
    lines.forEach((line) => { line.hidden = words.length > 0 && hits.length > 0 && !hits.includes(line); });
  }
  function apply() {
    words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const pull of pulls) {
      const { node, find } = pull, hit = words.every((word) => find.includes(word)) || (pull.drawn && all("details.step", node).some((line) => words.every((word) => line.find.includes(word))));
      if (node.hidden === hit) node.hidden = !hit;
      if (hit) count += 1;
      if (node.open) narrow(pull);
    }
    found.textContent = words.length ? `${count} of ${pulls.length}` : "";
    byId("nothing").hidden = count > 0 || pulls.length === 0;
  }
  function adopt(node, [began, seconds, bytes, find, pack] = [], data) {
    let pull = known.get(node.id);
    if (!pull) { pulls.push((pull = {})); known.set(node.id, pull); }
    const [outcome, image, client] = ["em", "bdi", "i"].map((part) => node.querySelector(part).textContent);
    Object.assign(pull, { node, outcome, image, client, drawn: false, index: { began, seconds, bytes, pack }, data: data ?? (() => carried(pull)) });
    pull.find = `${node.querySelector("summary").textContent} ${find ?? ""}`.toLowerCase();
    node.addEventListener("toggle", () => { if (node.open) draw(pull); });
    if (words.length) apply();
    return pull;
  }
  // What is not kept any more.
  function forget(kept) {
    for (const [id, pull] of known) if (!kept.has(id)) { pull.node.remove(); known.delete(id); pulls.splice(pulls.indexOf(pull), 1); }
  }
  // When each ran among all, as a bar in its line.
  function spans() {
    const dated = pulls.filter(({ index }) => index.began !== null), start = Math.min(...dated.map(({ index }) => index.began));
    const whole = Math.max(0.001, ...dated.map(({ index }) => index.began - start + (index.seconds ?? 0)));
    if (pulls.length < 2) return;
    for (const { node, index } of dated) {
      const long = Math.min(Math.max(((index.seconds ?? 0) / whole) * 100, 1), 100), at = Math.min(((index.began - start) / whole) * 100, 100 - long);
      node.querySelector("svg.span")?.remove();
      node.querySelector("time").after(make("svg.span", { role: "img", "aria-label": "when it ran among all" }, rect("", at, 0, long, "100%")));
    }
  }
  async function target() {
    const [name, step] = location.hash.slice(1).split("-"), pull = known.get(name);
    if (!pull) return;
    pull.node.open = true;
    await draw(pull);
    const line = step && byId(`${name}-${step}`);
    if (line) { all(".views", pull.node).forEach((views) => views.choose(0)); line.hidden = false; line.open = true; line.scrollIntoView(); line.querySelector("summary").focus(); }
  }
  addEventListener("hashchange", target);
  filter.addEventListener("input", apply);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(event.target.tagName) && !event.ctrlKey && !event.metaKey) { event.preventDefault(); filter.focus(); }
    if (event.key === "Escape" && event.target === filter) { filter.value = ""; apply(); }
  });
  document.addEventListener("click", async (event) => {
    if (!event.target.classList.contains("copy")) return;
    const pre = event.target.parentNode.querySelector("pre");
    try { await navigator.clipboard.writeText(pre.textContent); event.target.textContent = "Copied"; }
    catch { getSelection().selectAllChildren(pre); event.target.textContent = "Selected"; }
    setTimeout(() => { event.target.textContent = "Copy"; }, 1500);
  });
  fold.addEventListener("click", () => {
    const shown = pulls.filter(({ node }) => !node.hidden), open = shown.some(({ node }) => !node.open);
    shown.forEach(({ node }) => { node.open = open; });
    fold.textContent = open ? "Close all" : "Open all";
  });
  // The same pulls in another order; what was asked for again is as it was seen.
  const ENDS = ["failed", "incomplete", "under way", "complete"], collator = new Intl.Collator(undefined, { numeric: true });
  const orders = {
    outcome: (one, other) => ENDS.indexOf(one.outcome) - ENDS.indexOf(other.outcome),
    seconds: (one, other) => other.index.seconds - one.index.seconds,
    bytes: (one, other) => other.index.bytes - one.index.bytes,
    image: (one, other) => collator.compare(one.image, other.image),
    client: (one, other) => collator.compare(one.client, other.client),
  };
  byId("sort")?.addEventListener("change", (event) => {
    const order = orders[event.target.value], grouped = ["image", "client"].includes(event.target.value), fresh = document.createDocumentFragment();
    let last;
    for (const pull of order ? [...pulls].sort(order) : pulls) {
      const name = grouped && pull[event.target.value];
      if (name && name !== last) fresh.append(make("h2.group", {}, (last = name)));
      fresh.append(pull.node);
    }
    list.replaceChildren(...all(".heads", list), fresh);
  });
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details.step:not([open])");
    opened.forEach((node) => { node.fill(); node.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((node) => { node.open = false; }));

  async function start() {
    const index = byId("index"), rows = index ? await unpack(index).catch(() => []) : [];
    all(".pull").forEach((node, at) => adopt(node, rows[at]));
    spans();
    pulls.filter(({ node }) => node.open).forEach(draw);
    if (words.length || filter.value) apply();
    target();
  }
  start();
  return { all, byId, adopt, draw, forget, revived, spans, size, duration };
})();
