"use strict";

// What unfold gives to the mouse alone is a button to the keyboard, too; what one opens gets the focus until it closes.
document.addEventListener("DOMContentLoaded", () => {
  const more = document.querySelector("[data-more]")?.dataset.more;
  for (const element of document.querySelectorAll("[x-on\\:click]")) {
    const isBackdrop = !element.classList.contains("cursor-pointer");
    const holdsOthers = element.querySelector("a, button, input, select, textarea");
    if (element.matches("a[href], button, input, label, summary") || isBackdrop || holdsOthers) continue;
    element.tabIndex = 0;
    element.setAttribute("role", "button");
    const panel = panelOf(element);
    if (panel) opens(element, panel);
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      element.click();
      if (panel) whenShown(panel, () => stopsIn(panel)[0]?.focus());
    });
    if (panel?.id.startsWith("related-widget-wrapper-")) {
      const field = element.closest(".field-line, .form-row")?.querySelector("label")?.childNodes[0]?.textContent.trim();
      element.setAttribute("aria-label", [more, field].filter(Boolean).join(": "));
    } else if (element.title) {
      element.setAttribute("aria-label", element.title);
    }
  }
});

// Where the menu is that an element opens: beside it, of a name that holds its own, or the filters of the list.
function panelOf(element) {
  const action = element.getAttribute("x-on:click");
  if (action.includes("openRelatedWidgetWrapper")) {
    const name = element.getAttribute("x-ref").replace("relatedWidgetWrapper", "");
    return document.getElementById(`related-widget-wrapper-${name}`);
  }
  if (action.includes("filterOpen")) return document.getElementById("changelist-filter");
  return action.includes("openUserLinks") ? element.parentElement.querySelector("nav") : null;
}

function opens(element, panel) {
  const isOpen = () => panel.checkVisibility();
  const close = () => {
    if (isOpen()) (panel.querySelector("#changelist-filter-close") ?? element).click();
  };
  element.setAttribute("aria-haspopup", "true");
  const tell = () => element.setAttribute("aria-expanded", String(isOpen()));
  new MutationObserver(tell).observe(panel, { attributes: true, attributeFilter: ["style"] });
  tell();
  panel.addEventListener("keydown", (event) => {
    const stops = stopsIn(panel);
    const leaves = event.key === "Tab" && event.target === (event.shiftKey ? stops[0] : stops.at(-1));
    // On a wide screen the filters are always there, and nothing opens them.
    if ((event.key !== "Escape" && !leaves) || !element.checkVisibility()) return;
    // From here Tab itself goes on to what comes after the button.
    if (event.key === "Escape" || event.shiftKey) event.preventDefault();
    event.stopPropagation();
    close();
    element.focus();
  });
}

function stopsIn(panel) {
  const found = panel.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, [tabindex]");
  return [...found].filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility());
}

// Menus fade in.
function whenShown(panel, act, tries = 20) {
  if (panel.checkVisibility()) act();
  else if (tries) requestAnimationFrame(() => whenShown(panel, act, tries - 1));
}
