// Makes the marks columns to type down: arrows and Enter between students, pasted columns fill the cells below, and
// what was typed is there again after a session has ended. Without it the form works too.
"use strict";
(() => {
  const form = document.getElementById("marks-form");
  if (!form) return;
  const said = document.getElementById("said");
  const cells = [...form.querySelectorAll("input.mark")];
  const wasOf = (cell) => form.elements[cell.name.replace("mark-", "was-")].value;
  const key = form.dataset.key;
  // Of a paper with components a row has several cells.
  const columns = Number(form.dataset.columns);
  let leaving = false;

  document.querySelectorAll(".grid-scripted").forEach((each) => { each.hidden = false; });

  const touched = () => cells.filter((cell) => cell.value.trim() !== wasOf(cell));
  function tell(words, facts) {
    said.textContent = words.replace(/\{(\w+)\}/g, (_whole, name) => facts[name]);
  }
  function count() {
    const number = touched().length;
    cells.forEach((cell) => cell.classList.toggle("touched", cell.value.trim() !== wasOf(cell)));
    if (number) tell(form.dataset.touched, { number }); else said.textContent = "";
  }

  // Of this tab alone, and gone with it: marks are nobody else's business on this computer.
  function keep() {
    const typed = touched().map((cell) => [cell.name, wasOf(cell), cell.value]);
    if (typed.length) sessionStorage.setItem(key, JSON.stringify({ version: form.elements.version.value, typed }));
    else sessionStorage.removeItem(key);
  }
  function restore() {
    const kept = JSON.parse(sessionStorage.getItem(key) || "null");
    sessionStorage.removeItem(key);
    const saved = location.hash === "#saved";
    if (saved) history.replaceState(null, "", location.pathname + location.search);
    // A page that answers what was sent shows it already.
    if (!kept || saved || document.getElementById("answer")) return;
    const there = kept.typed.filter(([name]) => form.elements[name]);
    if (!there.length) return;
    for (const [name, was, value] of there) {
      form.elements[name].value = value;
      form.elements[name.replace("mark-", "was-")].value = was;
    }
    // As it was read then: what changed meanwhile is shown before anything is replaced.
    form.elements.version.value = kept.version;
    count();
    tell(form.dataset.restored, {});
  }

  function go(to) {
    const cell = cells[Math.max(0, Math.min(cells.length - 1, to))];
    cell.focus();
    cell.select();
    cell.scrollIntoView({ block: "nearest" });
  }

  // So many students on, in the same column.
  function down(at, by) {
    const rows = cells.length / columns;
    const row = Math.max(0, Math.min(rows - 1, Math.floor(at / columns) + by));
    go(row * columns + (at % columns));
  }

  form.addEventListener("focusin", (event) => { if (event.target.matches("input.mark")) event.target.select(); });
  form.addEventListener("keydown", (event) => {
    const at = cells.indexOf(event.target);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const moves = { ArrowDown: 1, ArrowUp: -1, Enter: event.shiftKey ? -1 : 1, PageDown: 10, PageUp: -10 };
    if (event.key in moves) { event.preventDefault(); down(at, moves[event.key]); return; }
    if (event.key === "Escape") {
      event.preventDefault();
      event.target.value = wasOf(event.target);
      count();
      event.target.select();
    }
  });
  form.addEventListener("paste", (event) => {
    const at = cells.indexOf(event.target);
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "");
    if (at < 0 || !(text.includes("\n") || (columns > 1 && text.includes("\t")))) return;
    event.preventDefault();
    // As many columns as there are cells beside one another: of a paper with one mark the first.
    const column = at % columns;
    const values = text.split("\n").map((line) => line.split("\t").slice(0, columns - column));
    const fitting = values.slice(0, Math.ceil((cells.length - at) / columns));
    fitting.forEach((line, number) => {
      line.forEach((value, beside) => { cells[at + number * columns + beside].value = value.trim(); });
    });
    count();
    keep();
    go(at + (fitting.length - 1) * columns);
    const more = values.length - fitting.length;
    tell(more ? form.dataset.beyond : form.dataset.pasted, { number: fitting.length, more });
  });
  form.addEventListener("input", () => { count(); keep(); });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", () => { leaving = true; keep(); });
  window.addEventListener("beforeunload", (event) => { if (!leaving && touched().length) event.preventDefault(); });
  const answer = document.getElementById("answer");
  if (answer) { count(); answer.focus(); } else go(0);
  restore();
})();
