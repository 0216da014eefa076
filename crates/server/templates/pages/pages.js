// All that the pages cannot do without script. Each works without it.
for (const button of document.querySelectorAll(".secret button")) {
  const field = document.getElementById(button.getAttribute("aria-controls"));
  button.addEventListener("click", () => {
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    field.focus();
  });
  // A password manager must not learn the field as a text.
  field.form?.addEventListener("submit", () => { field.type = "password"; });
}
// One press is one request.
addEventListener("submit", (event) => {
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "1";
  event.submitter?.setAttribute("aria-busy", "true");
});
// Back again, from the browser's memory: the forms can be sent again.
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});
// An open menu closes with Escape and with a press elsewhere.
addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
// Recovery codes on paper, or in a password manager.
document.querySelector("[data-print]")?.addEventListener("click", () => print());
document.querySelector("[data-copy]")?.addEventListener("click", (event) => {
  const lines = document.querySelectorAll(`#${event.currentTarget.dataset.copy} li`);
  navigator.clipboard.writeText(Array.from(lines, (line) => line.textContent).join("\n"));
});
// An answer to an application, which it wants in a form.
document.querySelector("form[data-send]")?.requestSubmit();
