// Nodes of lists, and what groups nodes.

import { el, freshId, icon, isObject } from "./dom.js";
import { Inputs } from "./inputs.js";

export class Lists extends Inputs {
  group(parts, schema, path, { label, item, row, required }, layout) {
    const element = el(
      path.length && label && !item ? "fieldset" : "div",
      { class: `json-form-group${layout ? ` json-form-${layout}` : ""}${row ? " json-form-row" : ""}` },
      path.length && label && !item
        ? el(
            "legend",
            { class: "json-form-legend" },
            el("span", {}, label),
            required ? el("span", { class: "json-form-required", "aria-hidden": "true" }, "*") : "",
          )
        : undefined,
      schema.description && !item ? el("p", { class: "json-form-help" }, schema.description) : undefined,
      ...parts,
    );
    this.places.set(JSON.stringify(path), element);
    return element;
  }

  button(symbol, label, click) {
    return el(
      "button",
      { type: "button", class: "json-form-icon", "aria-label": label, title: label, click },
      icon(symbol),
    );
  }

  array(schema, value, path, context) {
    const items = [];
    const list = el("ol", { class: "json-form-list" });
    const definition = this.resolve(schema.items);
    const inline = definition["x-layout"] === "inline";
    const simple = inline || !(definition.type === "object" || definition.properties);
    const none = el("p", { class: "json-form-help" }, this.words.none);
    const nameOf = (item) => {
      const data = item.node.get();
      const number = this.say("item", items.indexOf(item) + 1);
      const words = (definition["x-summary"] ?? ["name", "title", "label", "date"]).map((key) => {
        const labels = this.resolve(definition.properties?.[key])["x-labels"];
        return isObject(data) ? (labels?.[data[key]] ?? data[key]) : undefined;
      });
      const shown = isObject(data) ? words.filter((word) => word) : [data].filter((word) => word);
      return shown.length ? shown.map(String).join(" · ") : number;
    };
    const draw = () => {
      none.hidden = items.length > 0;
      items.forEach((item, index) => {
        item.up.disabled = index === 0;
        item.down.disabled = index === items.length - 1;
        const name = nameOf(item);
        for (const [word, button] of [
          ["up", item.up],
          ["down", item.down],
          ["remove", item.remove],
        ]) {
          button.title = this.say(word, name);
          button.setAttribute("aria-label", button.title);
        }
        if (item.title) {
          item.title.lastChild.textContent = name;
          const open = item.title.getAttribute("aria-expanded") === "true";
          item.title.firstChild.textContent = open ? "expand_more" : "chevron_right";
        }
      });
    };
    const move = (item, by) => {
      const index = items.indexOf(item);
      items.splice(index, 1);
      items.splice(index + by, 0, item);
      list.replaceChildren(...items.map((one) => one.element));
      draw();
      const button = by < 0 ? item.up : item.down;
      (button.disabled ? (by < 0 ? item.down : item.up) : button).focus();
      this.announce(this.say("moved", nameOf(item), index + by + 1, items.length));
      this.write();
    };
    const take = (item) => {
      const index = items.indexOf(item);
      const name = nameOf(item);
      items.splice(index, 1);
      item.element.remove();
      draw();
      (items[Math.min(index, items.length - 1)]?.remove ?? add).focus();
      this.announce(this.say("removed", name));
      this.write();
    };
    const insert = (initial, open) => {
      const item = {};
      const label = definition.title ?? context.label;
      item.node = this.node(definition, initial, [...path, String(items.length)], {
        label,
        item: true,
        compact: simple && !inline,
      });
      item.up = this.button("arrow_upward", "", () => move(item, -1));
      item.down = this.button("arrow_downward", "", () => move(item, 1));
      item.remove = this.button("close", "", () => take(item));
      const tools = el(
        "div",
        { class: "json-form-tools" },
        ...(inline && definition.properties?.start ? [] : [item.up, item.down]),
        item.remove,
      );
      if (simple) {
        item.element = el("li", { class: "json-form-line" }, item.node.element, tools);
      } else {
        const inside = el("div", { class: "json-form-inside", id: freshId() }, item.node.element);
        item.title = el(
          "button",
          {
            type: "button",
            class: "json-form-title",
            "aria-controls": inside.id,
            "aria-expanded": "true",
            click: () => toggle(inside.hidden),
          },
          icon(""),
          el("span"),
        );
        const toggle = (opened) => {
          inside.hidden = !opened;
          item.title.setAttribute("aria-expanded", String(opened));
          draw();
        };
        item.element = el(
          "li",
          { class: "json-form-item" },
          el("div", { class: "json-form-head" }, item.title, tools),
          inside,
        );
        item.element.open = () => toggle(true);
        inside.hidden = !open;
        item.title.setAttribute("aria-expanded", String(open));
        item.title.dataset.depends = "";
        item.title.refresh = draw;
      }
      items.push(item);
      list.append(item.element);
      return item;
    };
    const fresh = () => {
      if (!isObject(definition.properties)) return definition.default;
      const defaults = Object.entries(definition.properties).filter(([, one]) => one.default !== undefined);
      return Object.fromEntries(defaults.map(([name, one]) => [name, one.default]));
    };
    const add = el(
      "button",
      {
        type: "button",
        class: "json-form-button",
        "aria-label":
          context.label && path.length ? `${schema["x-add"] ?? this.words.add}: ${context.label}` : undefined,
        click: () => {
          const item = insert(fresh(), true);
          draw();
          item.node.focus();
          this.write();
        },
      },
      icon("add"),
      schema["x-add"] ?? this.words.add,
    );
    list.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && simple && !inline && event.target.matches("input")) add.click();
    });
    for (const one of value ?? []) insert(one, false);
    draw();
    const set = (given) => {
      items.splice(0);
      list.replaceChildren();
      for (const one of structuredClone(given)) insert(one, false);
      draw();
    };
    const blank = definition.type === "object" ? {} : "";
    const get = () => {
      if (items.length || context.required || context.item || !path.length)
        return items.map((item) => item.node.get() ?? blank);
      return schema.minItems || value === undefined ? undefined : [];
    };
    const element = this.group([none, list, add], schema, path, context, undefined);
    element.classList.add("json-form-array");
    return { element, get, set, focus: () => add.focus() };
  }
}
