// The live page: what the server sends takes its place, what is open stays open, and the latest lesson stands beside.
(() => {
  const { all, byId, adopt, draw, forget, revived, spans } = page, list = byId("list"), beside = byId("beside");
  let pinned = false;

  function lesson(step) {
    if (!step) return;
    step.fill();
    byId("beside-title").textContent = `${step.querySelector(".n").textContent} ${step.querySelector(".title").textContent}`;
    byId("beside-lesson").replaceChildren(...all(".detail > .lesson > *", step).map((node) => node.cloneNode(true)));
    beside.hidden = false;
  }

  // The line of a pull comes escaped, from the template of the report; everything else is drawn here.
  async function show({ id, html, index, data }) {
    const old = byId(id), box = document.createElement("template"), focus = document.activeElement?.closest("details.step")?.id;
    box.innerHTML = html;
    const fresh = box.content.querySelector("details.pull"), before = new Set(old ? all("details.step", old).map((step) => step.id) : []);
    const tab = old ? all("[role=tab]", old).findIndex((node) => node.getAttribute("aria-selected") === "true") : -1;
    if (old) { fresh.open = old.open; old.replaceWith(fresh); }
    else { byId("empty")?.remove(); list.prepend(fresh); }
    const pull = adopt(fresh, index, async () => revived(data, id));
    spans();
    if (!fresh.open) return;
    await draw(pull);
    if (old) all("details.step[open]", old).forEach((node) => { const same = byId(node.id); if (same) { same.fill(); same.open = true; } });
    if (tab > 0) all(".views", fresh).forEach((views) => views.choose(tab));
    if (focus) byId(focus)?.querySelector("summary").focus();
    const added = all("details.step", fresh).filter((step) => !before.has(step.id));
    added.forEach((step) => step.classList.add("fresh"));
    if (!pinned) lesson(added.at(-1));
  }

  // A step that a person opens keeps its lesson in view until it is closed.
  document.addEventListener("click", (event) => {
    const step = event.target.closest("details.step > summary")?.parentNode;
    if (step) { pinned = !step.open; if (pinned) lesson(step); }
  });

  const events = new EventSource("events"), state = byId("state");
  let last = Promise.resolve();
  const on = (name, act) => events.addEventListener(name, (event) => { last = last.then(() => act(JSON.parse(event.data))); });
  events.onopen = () => { state.textContent = "live"; };
  events.onerror = () => { state.textContent = "the proxy does not answer"; };
  on("pull", show);
  on("rest", ({ html }) => { byId("general").innerHTML = html; });
  on("tally", ({ text, kept }) => { byId("tally").textContent = text; forget(new Set(kept)); });
  on("end", () => { events.close(); state.textContent = "ended"; });
})();
