// The desk's keys and focus. Every key presses a button or a link that is on the page: nothing is by keyboard alone.
"use strict";

// Whatever becomes part of the page from a text passes here (CSP: require-trusted-types-for 'script'): markup that could
// run anything is refused, as is every other way from a text to a script. Beneath it, nothing from a patient's record is
// markup at all: the server escapes it.
if (window.trustedTypes) {
  const inert = trustedTypes.createPolicy("desk-inert", { createHTML: (text) => text });
  const isHarmless = (element) =>
    !element.matches("iframe, object, embed, base, frame, applet, script:not([src^='/review/static/'])") &&
    ![...element.attributes].some(({ name, value }) =>
      /^(on|hx-on|data-hx-on|srcdoc|hx-vars|hx-vals|data-hx-va)/i.test(name) || /^\s*(javascript|data|vbscript):/i.test(value));
  const isAllHarmless = (root) =>
    [...root.querySelectorAll("*")].every((element) =>
      isHarmless(element) && (!(element instanceof HTMLTemplateElement) || isAllHarmless(element.content)));
  trustedTypes.createPolicy("default", {
    createHTML: (text) =>
      isAllHarmless(new DOMParser().parseFromString(inert.createHTML(text), "text/html")) ? text : null,
    createScript: () => null,
    createScriptURL: () => null,
  });
}

(() => {
  const one = (selector) => document.querySelector(selector);
  const isTyping = (target) =>
    target.closest("textarea, select, input:not([type=radio]):not([type=checkbox])") !== null;

  function currentRow() {
    return one("#rows a.row[aria-current]");
  }

  function markRow(row) {
    for (const other of document.querySelectorAll("#rows a.row[aria-current]")) other.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
    row.scrollIntoView({ block: "nearest" });
  }

  // To the next or previous row; past the end of what is listed, more is fetched first.
  function move(step) {
    const rows = [...document.querySelectorAll("#rows a.row")];
    const at = rows.indexOf(currentRow());
    const wanted = rows[at + step];
    if (wanted) wanted.click();
    else if (step > 0 && one("#more")) {
      document.body.addEventListener("htmx:afterSettle", () => move(step), { once: true });
      one("#more").click();
    }
  }

  function leave() {
    const form = one("[data-decision]");
    if (!form) return false;
    form.remove();
    clearMessage();
    const title = one("#case-title");
    if (title) title.focus({ preventScroll: true });
    return true;
  }

  function clearMessage() {
    const message = one("#message");
    if (message) message.replaceChildren();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    const help = one("#help");
    if (help && help.open) return;
    if (event.key === "Escape") {
      if (leave()) event.preventDefault();
      else if (isTyping(event.target)) event.target.blur();
      return;
    }
    if (isTyping(event.target)) return;
    const decision = one("[data-decision]");
    if (event.key === "Enter") {
      const isControl = event.target.closest("a, button, input, [tabindex='0']");
      if (decision && (!isControl || event.target.type === "radio" || !decision.contains(event.target))) {
        event.preventDefault();
        decision.querySelector("form").requestSubmit(decision.querySelector("#commit"));
      }
      return;
    }
    if (decision && /^[1-9]$/.test(event.key)) {
      const reason = decision.querySelectorAll("input[type=radio]")[Number(event.key) - 1];
      if (reason) { reason.checked = true; reason.focus(); event.preventDefault(); }
      return;
    }
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") { leave(); move(key === "j" ? 1 : -1); }
    else if (key === "/" && one("#note")) one("#note").focus();
    else if (key === "?" && help) help.showModal();
    else {
      const button = /^[a-z]$/.test(key) && one(`[data-key="${key}"]`);
      if (!button) return;
      button.click();
    }
    event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-move], [data-help], [data-leave], [data-reload], a.row");
    if (!target) return;
    if (target.matches("a.row")) { if (!event.ctrlKey && !event.metaKey) { markRow(target); clearMessage(); } }
    else if (target.dataset.move) move(Number(target.dataset.move));
    else if ("help" in target.dataset) one("#help").showModal();
    else if ("leave" in target.dataset) leave();
    else location.reload();
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.detail.target;
    if (!target) return;
    const wanted = document.querySelector("[data-decision] [data-focus]");
    if (wanted && !wanted.closest("[data-decision]").dataset.focused) {
      wanted.closest("[data-decision]").dataset.focused = "yes";
      clearMessage();
      wanted.focus();
    } else if (target.id === "case") {
      const title = one("#case-title");
      if (title) title.focus({ preventScroll: true });
    }
  });

  // Claiming a question gives back the one that was only looked at.
  let claimed = null;
  document.addEventListener("htmx:configRequest", (event) => {
    if (!/\/claim(\?|$)/.test(event.detail.path)) return;
    const here = one("#case").dataset.task;
    if (claimed && claimed !== here) event.detail.parameters.set("left", claimed);
    claimed = here;
  });

  // A lost connection leaves everything as it is, and says so.
  document.addEventListener("htmx:sendError", () => {
    const message = one("#message");
    if (!message) return;
    const told = document.createElement("p");
    told.className = "told";
    told.textContent = "The index cannot be reached. Nothing was committed; what you typed is still here.";
    message.replaceChildren(told);
  });

  const start = () => {
    const row = currentRow();
    if (row) row.scrollIntoView({ block: "nearest" });
  };
  start();
})();
