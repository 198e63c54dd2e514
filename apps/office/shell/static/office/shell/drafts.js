"use strict";
// What is typed into a long form is kept for an hour while it is typed, and offered when the page is opened again.
addEventListener("DOMContentLoaded", async () => {
  const LONG = 6, WAIT_MS = 4000, page = location.pathname + location.search;
  const asks = (field) => field.name && !["hidden", "submit", "button", "password", "file"].includes(field.type);
  const form = [...document.forms].find((each) =>
    each.method === "post" && each.elements["typed-by"] && [...each.elements].filter(asks).length >= LONG);
  if (!form) return;
  let waiting = 0, changed = false;
  const send = (what, body) => fetch(page, {
    method: "POST", body, keepalive: true,
    headers: { "X-Draft": what, "X-Draft-Action": form.getAttribute("action") || "" },
  }).catch(() => null);
  const typed = () => {
    const said = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") said.append(name, value);
    return said;
  };
  const keep = () => {
    clearTimeout(waiting);
    waiting = 0;
    if (!changed) return;
    changed = false;
    if (!form.elements["typed-draft"]) {
      const mark = document.createElement("input");
      Object.assign(mark, { type: "hidden", name: "typed-draft", value: "1" });
      form.append(mark);
    }
    send("keep", typed());
  };
  form.addEventListener("input", () => {
    changed = true;
    waiting ||= setTimeout(keep, WAIT_MS);
  });
  form.addEventListener("submit", () => { changed = false; clearTimeout(waiting); });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") keep(); });
  if (new URLSearchParams(location.search).has("typed")) return;
  const answer = await fetch(page, { headers: { "X-Draft": "ask" } }).catch(() => null);
  if (!answer || answer.status !== 200 || answer.redirected) return;
  form.insertAdjacentHTML("beforebegin", await answer.text());
  const note = form.previousElementSibling;
  note.querySelector("[data-forget]").addEventListener("click", () => {
    send("forget", new URLSearchParams({ csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value }));
    note.remove();
  });
});
