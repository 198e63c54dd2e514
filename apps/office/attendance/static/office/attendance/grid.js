// Makes the roll a grid: one stop for Tab, arrows between the cells, a key for each code. Without it the form works too.
"use strict";
(() => {
  const form = document.getElementById("roll-form");
  const table = document.getElementById("roll-grid");
  if (!form || !table) return;
  const said = document.querySelector(form.dataset.announce);
  const rows = [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("[data-cell]")]);
  const forward = getComputedStyle(table).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  const back = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
  let changed = false;
  let here = [0, 0];

  // A day has a button for each code, a week has room for one field in a cell: the same keys choose in both.
  function choicesOf(cell) {
    const select = cell.querySelector("select");
    if (!select) return [...cell.querySelectorAll("input[type=radio]")].map((radio) => ({
      value: radio.value, name: radio.dataset.name, chosen: radio.checked, choose: () => { radio.checked = true; },
    }));
    return [...select.options].filter((each) => each.value).map((each) => ({
      value: each.value, name: each.dataset.name, chosen: each.selected, choose: () => { select.value = each.value; },
    }));
  }
  const inputOf = (cell) => cell.querySelector("input:not([type=radio])");

  function describe(cell) {
    const name = cell.dataset.name || cell.parentElement.dataset.name;
    const chosen = choicesOf(cell).find((each) => each.chosen);
    cell.setAttribute("aria-label", chosen ? `${name}: ${chosen.name}` : name);
  }

  table.setAttribute("role", "grid");
  table.tHead.setAttribute("role", "rowgroup");
  table.tBodies[0].setAttribute("role", "rowgroup");
  [...table.rows].forEach((row, number) => {
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", number + 1);
    [...row.cells].forEach((cell) => {
      const head = cell.scope === "col" ? "columnheader" : cell.scope === "row" ? "rowheader" : "gridcell";
      cell.setAttribute("role", head);
    });
  });
  document.querySelectorAll(".grid-scripted").forEach((each) => { each.hidden = false; });
  rows.forEach((cells, line) => cells.forEach((cell, column) => {
    cell.tabIndex = line === 0 && column === 0 ? 0 : -1;
    cell.querySelectorAll("input, select").forEach((input) => { input.tabIndex = -1; });
    if (cell.dataset.cell === "code") describe(cell);
    cell.addEventListener("focus", () => rove(line, column));
  }));

  function rove(line, column) {
    rows[here[0]][here[1]].tabIndex = -1;
    here = [line, column];
    rows[line][column].tabIndex = 0;
  }

  function go(line, column) {
    const to = Math.max(0, Math.min(rows.length - 1, line));
    const cells = rows[to];
    const cell = cells[Math.max(0, Math.min(cells.length - 1, column))];
    cell.focus();
    cell.scrollIntoView({ block: "nearest" });
  }

  function choose(cell, code) {
    code.choose();
    changed = true;
    describe(cell);
    said.textContent = cell.getAttribute("aria-label");
  }

  function keyed(cell, key) {
    // The letter itself; where several codes begin with it, the next of them.
    const fitting = choicesOf(cell).filter((each) => each.value.toLowerCase().startsWith(key.toLowerCase()));
    if (!fitting.length) return null;
    const at = fitting.findIndex((each) => each.chosen);
    return { code: fitting[(at + 1) % fitting.length], alone: fitting.length === 1 };
  }

  table.addEventListener("keydown", (event) => {
    const cell = event.target.closest("[data-cell]");
    if (!cell) return;
    const line = rows.findIndex((cells) => cells.includes(cell));
    const column = rows[line].indexOf(cell);
    if (event.target !== cell && event.target.type !== "radio") {
      if (event.key === "Escape" || event.key === "Enter") { event.preventDefault(); cell.focus(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) {
      if (event.ctrlKey && event.key === "Home") { event.preventDefault(); go(0, 0); }
      if (event.ctrlKey && event.key === "End") { event.preventDefault(); go(rows.length - 1, rows[0].length - 1); }
      return;
    }
    const moves = {
      ArrowDown: [1, 0], ArrowUp: [-1, 0], [forward]: [0, 1], [back]: [0, -1], PageDown: [10, 0], PageUp: [-10, 0],
    };
    if (moves[event.key]) { event.preventDefault(); go(line + moves[event.key][0], column + moves[event.key][1]); return; }
    if (event.key === "Home") { event.preventDefault(); go(line, 0); return; }
    if (event.key === "End") { event.preventDefault(); go(line, rows[line].length - 1); return; }
    if (cell.dataset.cell === "input") {
      if (event.key === "Enter" || event.key === "F2") { event.preventDefault(); inputOf(cell).focus(); }
      return;
    }
    if (event.key === "Enter") { event.preventDefault(); go(line + 1, column); return; }
    if (cell.dataset.cell === "fixed") return;
    if (event.key === " ") {
      event.preventDefault();
      const all = choicesOf(cell);
      choose(cell, all[(all.findIndex((each) => each.chosen) + 1) % all.length]);
      return;
    }
    if (event.key.length !== 1) return;
    const meant = keyed(cell, event.key);
    if (!meant) return;
    event.preventDefault();
    choose(cell, meant.code);
    if (meant.alone) go(line + 1, column);
  });

  form.addEventListener("change", (event) => {
    changed = true;
    const cell = event.target.closest("[data-cell=code]");
    if (cell) describe(cell);
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", () => { changed = false; });
  window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
  const answer = document.getElementById("answer");
  const begins = rows.length ? Math.max(0, rows[0].findIndex((cell) => cell.dataset.cell === "code")) : 0;
  if (answer) answer.focus(); else if (rows.length) go(0, begins);
})();
