"use strict";
// What is typed into a long form is kept for an hour while it is typed, for each tab, and offered when the page is opened
// again: not what a tab that is still open is typing, which holds a lock by its name for as long.
addEventListener("DOMContentLoaded", async () => {
  const LONG = 6, WAIT_MS = 4000, here = new URL(location);
  here.searchParams.delete("typed");
  const page = here.pathname + here.search;
  const asks = (field) => field.name && !["hidden", "submit", "button", "password", "file"].includes(field.type);
  const form = [...document.forms].find((each) =>
    each.method === "post" && each.elements["typed-by"] && [...each.elements].filter(asks).length >= LONG);
  if (!form) return;
  const locked = (tab) => `draft ${tab} ${page}`, KEPT = "draft-tab";
  const hold = (tab) => new Promise((told) => navigator.locks.request(locked(tab), { ifAvailable: true }, (lock) => {
    told(lock !== null);
    return lock && new Promise(() => {});
  }));
  const ours = async () => {
    for (;;) {
      const made = () => [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0"));
      const tab = sessionStorage.getItem(KEPT) || made().join("");
      sessionStorage.setItem(KEPT, tab);
      if (!navigator.locks || await hold(tab)) return tab;
      // A tab that was duplicated has what the first one remembers.
      sessionStorage.removeItem(KEPT);
    }
  };
  const others = async () => {
    const held = navigator.locks ? (await navigator.locks.query()).held : [];
    return held.map((each) => each.name.split(" ")).filter(([what, , at]) => what === "draft" && at === page)
      .map(([, each]) => each).filter((each) => each !== tab).join(",");
  };
  const tab = await ours();
  let waiting = 0, changed = false;
  const send = (what, body, of = tab) => fetch(page, {
    method: "POST", body, keepalive: true,
    headers: { "X-Draft": what, "X-Draft-Tab": of, "X-Draft-Action": form.getAttribute("action") || "" },
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
      Object.assign(mark, { type: "hidden", name: "typed-draft", value: tab });
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
  if (new URL(location).searchParams.has("typed")) return;
  const about = { "X-Draft": "ask", "X-Draft-Tab": tab, "X-Draft-Open": await others() };
  const answer = await fetch(page, { headers: about }).catch(() => null);
  if (!answer || answer.status !== 200 || answer.redirected) return;
  form.insertAdjacentHTML("beforebegin", await answer.text());
  for (const button of document.querySelectorAll("[data-forget]")) button.addEventListener("click", () => {
    const said = new URLSearchParams({ csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
    send("forget", said, button.dataset.forget);
    button.closest(".office-draft").remove();
  });
});
