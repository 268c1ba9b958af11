"use strict";

// The time zone of whoever looks: pages are rendered in it.
document.cookie = `loctelli_timezone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=/console/; SameSite=Lax; max-age=31536000`;

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-switcher]").forEach(switcher);
  narrowChoices();
  nameIcons();
  document.querySelectorAll("#result_list td[data-label]").forEach(({ dataset }) => {
    dataset.label = dataset.label.charAt(0).toUpperCase() + dataset.label.slice(1);
  });
});

// Opens, finds and chooses by mouse and by keyboard alike.
function switcher(root) {
  const button = root.querySelector("button");
  const panel = root.querySelector("form");
  const search = panel.querySelector("input[type=search]");
  const choices = () => [...panel.querySelectorAll("button")];
  let enterWaits = false;

  function show(open) {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) {
      search.focus();
      search.select();
      htmx.trigger(search, "open");
    }
  }
  function chooseFirst() {
    panel.querySelector("#switcher-choices button")?.click();
  }
  button.addEventListener("click", () => show(panel.hidden));
  document.addEventListener("click", (event) => {
    if (!root.contains(event.target)) show(false);
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      show(false);
      button.focus();
    } else if (event.key === "Enter" && event.target === search) {
      // What was found may still be what was typed before.
      event.preventDefault();
      if (panel.querySelector("#switcher-choices").dataset.typed === search.value.trim()) chooseFirst();
      else enterWaits = true;
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !panel.hidden) {
      event.preventDefault();
      const stops = [search, ...choices()];
      const step = event.key === "ArrowDown" ? 1 : -1;
      stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
    }
  });
  panel.addEventListener("htmx:afterSettle", () => {
    if (enterWaits) chooseFirst();
    enterWaits = false;
  });
}

// A form's choices are those of the sub-account that is chosen in it.
function narrowChoices() {
  const $ = window.django?.jQuery;
  const owner = document.querySelector("select#id_sub_account");
  if (!$ || !owner) return;
  $.ajaxPrefilter((options) => {
    const address = new URL(options.url, window.location.href);
    if (!address.pathname.endsWith("/autocomplete/") || !owner.value) return;
    options.url += `${options.url.includes("?") ? "&" : "?"}sub_account=${encodeURIComponent(owner.value)}`;
  });
}

// unfold's icons are words, which would be read out with those beside them.
function nameIcons() {
  for (const icon of document.querySelectorAll(".material-symbols-outlined")) {
    const words = icon.closest("a, button")?.textContent.replace(icon.textContent, "").trim();
    if (words) icon.setAttribute("aria-hidden", "true");
  }
  for (const actions of document.querySelectorAll("[data-more]")) {
    actions.querySelector('a[href="#"]')?.setAttribute("aria-label", actions.dataset.more);
  }
}
