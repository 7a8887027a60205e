// Keys on the pages for several tasks at once. Every key moves the mark of a row or presses what is on the page.
"use strict";
(() => {
  const isTyping = (target) => target.closest("textarea, select, input:not([type=radio])") !== null;
  const rows = () => [...document.querySelectorAll("table.marks > tbody")];
  const current = () => document.querySelector("table.marks > tbody[aria-current]");

  function go(row) {
    if (!row) return;
    for (const other of rows()) other.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
    row.scrollIntoView({ block: "nearest" });
  }

  function move(step) {
    const all = rows();
    const at = all.indexOf(current());
    const wanted = all[at + step];
    if (wanted) go(wanted);
    else if (step > 0 && document.querySelector("#more")) document.querySelector("#more").click();
  }

  function colour(radio) {
    const row = radio.closest("tbody");
    row.className = radio.value.replace("_", "-");
    go(row);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    const key = event.key.toLowerCase();
    const pressed = event.target.closest("a, button");
    if (event.key === "Enter" && !pressed) {
      const next = document.querySelector("#commit") || document.querySelector("#to-preview");
      if (next) next.click();
    } else if (key === "j" || key === "k") move(key === "j" ? 1 : -1);
    else {
      const radio = current() && /^[a-z]$/.test(key) && current().querySelector(`[data-mark="${key}"]`);
      if (!radio) return;
      if (!radio.checked) radio.click();
      move(1);
    }
    event.preventDefault();
    event.stopPropagation();
  }, true);

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-mark]")) colour(event.target);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.target.matches("[data-reload-after]")) location.reload();
  });
  if (rows().length) go(rows()[0]);
})();
