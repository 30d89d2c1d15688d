// Draws message components: rows, buttons, selects, sections, galleries, containers. A press or a
// choice goes to the context, which is that of render.js; nothing is sent from here.

import { markdown } from "./markdown.js";
import { colourBar, gallery, picture } from "./media.js";
import { el, outsideLink } from "./nodes.js";

const BUTTON_CLASSES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

/** The emoji of a button or choice as text; pictures of custom ones are not here. */
const emojiText = (emoji) => (!emoji ? "" : emoji.id ? `:${emoji.name}:` : emoji.name ?? "");

function button(view, component, context) {
  const label = [emojiText(component.emoji), component.label].filter(Boolean).join(" ")
    || "Unnamed button";
  const look = `button ${BUTTON_CLASSES[component.style] ?? "secondary"}`;
  if (component.style === 5 && !component.disabled) {
    const mark = el("span", { "aria-hidden": "true" }, "\u00A0\u2197");
    return outsideLink(component.url, [label, mark],
      { class: look, dir: "auto", "data-testid": "component-button" });
  }
  return el("button", {
    type: "button", class: look, dir: "auto", disabled: Boolean(component.disabled),
    "data-testid": "component-button", "data-custom-id": component.custom_id,
    onclick: (event) => context.press(view, component, undefined, event.currentTarget),
  }, label);
}

/** What a select offers: its own options, or the people, roles and channels of the server. */
function selectChoices(component, context) {
  const of = (items, sign) => items.map(({ id, name }) => ({ value: id, label: sign + name }));
  const { users, roles, channels } = context.names.all();
  switch (component.type) {
    case 5: return of(users, "@");
    case 6: return of(roles, "@");
    case 7: return [...of(users, "@"), ...of(roles, "@")];
    case 8: return of(channels, "#");
    default: return component.options ?? [];
  }
}

const choiceText = (choice) => [emojiText(choice.emoji), choice.label,
  choice.description && `(${choice.description})`].filter(Boolean).join(" ");

/**
 * A select with a button that sends: arrow keys alone must not send. More than one value: boxes.
 */
function select(view, component, context) {
  const { placeholder = "Choose", disabled = false, min_values: least = 1 } = component;
  const choices = selectChoices(component, context);
  const many = (component.max_values ?? 1) > 1;
  const problem = el("p", { class: "error", role: "alert" });
  const choose = many
    ? el("div", { class: "boxes" }, choices.map((choice) => el("label", { dir: "auto" },
      el("input", { type: "checkbox", value: choice.value, checked: choice.default, disabled }),
      ` ${choiceText(choice)}`)))
    : el("select", { "aria-label": placeholder, disabled, "data-custom-id": component.custom_id },
      el("option", { value: "" }, placeholder),
      choices.map((choice) =>
        el("option", { value: choice.value, selected: choice.default }, choiceText(choice))));
  const values = () => (many
    ? [...choose.querySelectorAll("input:checked")].map((box) => box.value)
    : [choose.value].filter(Boolean));
  const send = (event) => {
    const chosen = values();
    const most = component.max_values ?? 1;
    const wrong = chosen.length < least || chosen.length > most;
    problem.textContent = wrong ? `Choose ${least === most ? least : `${least} to ${most}`}.` : "";
    if (!wrong) context.press(view, component, chosen, event.currentTarget);
  };
  return el(many ? "fieldset" : "div", { class: "select", "data-testid": "component-select" },
    many && el("legend", { dir: "auto" }, placeholder), choose,
    el("button", { type: "button", class: "button secondary", disabled, onclick: send,
      "data-testid": "component-select-send" }, "Send choice"), problem);
}

export function component(view, part, context) {
  const inside = () => (part.components ?? []).map((each) => component(view, each, context));
  switch (part.type) {
    case 1: return el("div", { class: "row" }, inside());
    case 2: return button(view, part, context);
    case 3: case 5: case 6: case 7: case 8: return select(view, part, context);
    case 9: return el("div", { class: "section" }, inside(),
      part.accessory && component(view, part.accessory, context));
    case 10: return el("div", {}, markdown(part.content ?? "", context));
    case 11: return picture(part.media, part.description, context, { width: 80, height: 80 });
    case 12: return gallery((part.items ?? [])
      .map((item) => ({ media: item.media, alt: item.description })), context);
    case 14: return el("hr");
    case 17: return el("div", { class: "embed" }, colourBar(part.accent_color), inside());
    default: return el("p", { class: "picture-missing" },
      `This page does not draw components of type ${part.type}.`);
  }
}
