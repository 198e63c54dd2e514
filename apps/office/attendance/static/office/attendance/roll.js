// What the page is better for, and works without: counting, tapping a name, letters as keys, and keeping marks when the
// network is away. What could not be sent waits in this browser, by the address of the roll: public ids and codes, no names.
"use strict";
(() => {
  const key = "marks:" + location.pathname;
  const find = (selector, within = document) => [...within.querySelectorAll(selector)];

  function tell(text, kind) {
    const note = document.createElement("div");
    note.className = "note " + kind;
    note.setAttribute("role", "alert");
    note.textContent = text;
    document.getElementById("why").replaceChildren(note);
    note.scrollIntoView({ block: "nearest" });
  }

  function count(form) {
    const line = document.getElementById("count");
    if (!line) return;
    const tally = { present: 0, absent: 0, half: 0 };
    for (const chosen of find("input[type=radio]:checked", form)) tally[chosen.dataset.state] += 1;
    line.textContent = line.dataset.words.replace(/\{(\w+)\}/g, (_, name) => tally[name]);
  }

  function choose(radio) {
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function cycle(field) {
    const radios = find("input[type=radio]", field);
    choose(radios[(radios.findIndex((each) => each.checked) + 1) % radios.length]);
  }

  // A letter marks the student and goes on to the next.
  function typed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.type !== "radio") return;
    const field = event.target.closest("fieldset");
    const radio = find("input[type=radio]", field).find((each) => each.value.toLowerCase() === event.key.toLowerCase());
    if (!radio) return;
    event.preventDefault();
    choose(radio);
    const next = field.nextElementSibling;
    (next && next.querySelector("input[type=radio]:checked, input[type=radio], button") || radio).focus();
  }

  function keep(form) {
    localStorage.setItem(key, JSON.stringify([...new FormData(form)].filter(([name]) => !["csrfmiddlewaretoken", "typed-by"].includes(name))));
  }

  function restore(form) {
    const kept = new Map(JSON.parse(localStorage.getItem(key) || "[]"));
    if (!kept.size) return;
    for (const input of find("fieldset input", form)) {
      const value = kept.get(input.name);
      if (input.name === "student" || value === undefined) continue;
      if (input.type === "radio") input.checked = input.value === value;
      else if (value) [input.value, input.closest("details").open] = [value, true];
    }
    // As it was read then: what changed meanwhile is shown before anything is replaced.
    form.elements.version.value = kept.get("version");
    tell(form.dataset.kept, "news");
  }

  async function send(form) {
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const headers = { "X-Requested-With": "fetch", Accept: "text/html" };
      const answer = await fetch(location.href, { method: "POST", body: new FormData(form), headers });
      if (answer.status === 204) {
        localStorage.removeItem(key);
        location.assign(answer.headers.get("Location"));
      } else if (answer.redirected) {
        // To the login: the marks are here when they come back.
        keep(form);
        location.assign(answer.url);
      } else if (answer.status >= 500 || !(answer.headers.get("Content-Type") || "").startsWith("text/html")) {
        keep(form);
        tell(form.dataset.failed, "bad");
      } else {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (!page.getElementById("roll")) {
          // Not this roll: whoever marks has logged in anew in another tab, say. The page is opened again, marks kept.
          keep(form);
          location.reload();
          return;
        }
        localStorage.removeItem(key);
        document.querySelector("main").replaceWith(page.querySelector("main"));
        begin();
        (document.querySelector(".marked input:checked, .marked input") || document.getElementById("why")).scrollIntoView({ block: "center" });
        document.querySelector("#why").scrollIntoView({ block: "nearest" });
      }
    } catch {
      keep(form);
      tell(form.dataset.lost, "bad");
      addEventListener("online", () => send(form), { once: true });
    } finally {
      button.disabled = false;
    }
  }

  function begin() {
    const form = document.getElementById("roll");
    if (!form || !form.querySelector("button")) return;
    form.addEventListener("change", (event) => {
      if (event.target.dataset.late !== undefined) event.target.closest("fieldset").querySelector("details").open = true;
      count(form);
    });
    form.addEventListener("keydown", typed);
    for (const name of find("legend", form)) name.addEventListener("click", () => cycle(name.closest("fieldset")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
    restore(form);
    count(form);
  }

  begin();
})();
