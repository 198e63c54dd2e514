// Two minutes before the login ends the page says so; one click on it prolongs the login, and what was typed stays.
(() => {
"use strict";
const note = document.getElementById("login-ends");
if (!note) return;
const wait = () => setTimeout(() => { note.hidden = false; }, note.dataset.after * 1000);
note.querySelector("button").addEventListener("click", async () => {
  const answer = await fetch(location.pathname + location.search, { method: "HEAD" }).catch(() => null);
  if (!answer || !answer.ok || answer.redirected) return;
  note.hidden = true;
  wait();
});
wait();
})();
