// The page itself: who acts and where, the message list, modals, live updates, the transcript.
// It knows nothing of any bot: all it shows was registered or sent.

import * as api from "./api.js";
import { Composer, OptionsForm, leafCommands, localised, openMenu } from "./commands.js";
import { el, markdown, message, summary } from "./render.js";

/** How long a pressed button is shown as pressed: Discord's limit for an answer, and a little. */
const PRESS_MS = 3_500;
/** Within this many pixels of the end, the list follows new messages. */
const NEAR_END = 80;
/** Lines of the transcript that are drawn. */
const MOST_ENTRIES = 300;
const ADMINISTRATOR = 8n;
const LANGUAGES = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

const at = (id) => document.getElementById(id);

const page = {
  state: null,
  userId: null,
  channelId: null,
  /** Views by id, of the channel that is shown. */
  views: new Map(),
  dismissed: new Set(),
  unread: new Set(),
  /** Interactions that this page began: only their modals open here. */
  own: new Set(),
  waitingModals: [],
  sending: 0,
  atEnd: true,
  loadedAt: Date.now(),
};

// --- What is known of the server ---

/** Another user's direct messages are not for this one. */
const channels = () => page.state.channels
  .filter(({ recipient_id: only }) => !only || only === page.userId);
const user = () => page.state.users.find(({ id }) => id === page.userId);
const channel = () => channels().find(({ id }) => id === page.channelId);
const locale = () => user()?.locale ?? "en-US";
const nameOf = ({ display_name: display, name }) => display || name;

/** The users, roles and channels under the names that people see. */
function directory() {
  const { users, roles, bot } = page.state;
  const people = users.map((each) => ({ id: each.id, name: nameOf(each) }));
  if (bot?.id) people.push({ id: bot.id, name: bot.name });
  return { users: people, roles, channels: channels() };
}

const find = (list) => (id) => directory()[list].find((item) => item.id === id)?.name;

function permissions() {
  const { roles, guild } = page.state;
  const held = roles.filter(({ id }) => id === guild.id || user().roles.includes(id));
  return held.reduce((bits, role) => bits | BigInt(role.permissions ?? 0), 0n);
}

/** Whether Discord would offer the command to this user in this channel. */
function isOffered(command) {
  if (channel()?.kind === "dm") {
    return command.contexts ? command.contexts.includes(1) : command.dm_permission !== false;
  }
  if (command.contexts && !command.contexts.includes(0)) return false;
  const needed = command.default_member_permissions;
  if (needed === null || needed === undefined) return true;
  const held = permissions();
  if ((held & ADMINISTRATOR) !== 0n) return true;
  // "0" means administrators alone.
  return BigInt(needed) !== 0n && (held & BigInt(needed)) === BigInt(needed);
}

const offered = (type) =>
  page.state.commands.filter((command) => (command.type ?? 1) === type && isOffered(command));

const leaves = () => leafCommands(offered(1), locale());

// --- Sending ---

/** Sends an interaction as the chosen user and remembers that it is ours. */
async function interact(body) {
  page.sending += 1;
  try {
    const answer = await api.interact({
      user_id: page.userId, channel_id: page.channelId, ...body,
    });
    page.own.add(answer?.interaction_id);
  } catch (error) {
    handleRefusal(error);
    throw error;
  } finally {
    page.sending -= 1;
  }
  // A modal may have come before the answer that names its interaction.
  page.waitingModals.splice(0).forEach(offerModal);
}

const services = {
  locale,
  leaves,
  directory,
  hiddenCount: () =>
    page.state.commands.filter((command) => (command.type ?? 1) === 1).length - offered(1).length,
  upload: api.upload,
  async autocomplete(leaf, options, signal) {
    const answer = await api.interact({
      kind: "autocomplete", user_id: page.userId, channel_id: page.channelId,
      command_id: leaf.command.id, options,
    }, signal);
    if (answer?.error) throw new Error(answer.error);
    return answer?.choices ?? [];
  },
  async send(leaf, options) {
    page.atEnd = true;
    await interact({ kind: "command", command_id: leaf.command.id, options });
    scrollToEnd();
  },
};

// --- What messages call back ---

async function press(view, component, values, control) {
  if (control.getAttribute("aria-busy") === "true") return;
  const problem = control.closest(".message").querySelector(".message-error");
  problem.textContent = "";
  control.setAttribute("aria-busy", "true");
  setTimeout(() => control.removeAttribute("aria-busy"), PRESS_MS);
  try {
    await interact({
      kind: "component", message_id: view.id, custom_id: component.custom_id,
      component_type: component.type, ...(values && { values }),
    });
  } catch (error) {
    control.removeAttribute("aria-busy");
    problem.textContent = error.message;
  }
}

/** The registered commands for a message (`kind` "message") or a user, in a menu. */
function menu(kind, target, button) {
  const type = kind === "user" ? 2 : 3;
  const problem = button.closest(".message").querySelector(".message-error");
  const items = offered(type).map((command) => ({
    label: localised(command, "name", locale()),
    run: () => interact({
      kind: "command", command_id: command.id, options: [], target_id: target.id,
    }).catch((error) => {
      problem.textContent = error.message;
    }),
  }));
  const heading = kind === "user"
    ? `Commands for ${button.textContent}` : "Commands for this message";
  openMenu(button, { heading, items, empty: `The bot has registered no ${kind} commands.` });
}

function dismiss(view) {
  page.dismissed.add(view.id);
  page.views.delete(view.id);
  nodeOf(view.id)?.remove();
  showEmpty();
  at("composer").focus();
}

function enlarge(source, alt) {
  const viewer = at("viewer");
  const text = alt || "Picture without alt text";
  viewer.replaceChildren(
    el("img", { src: source, alt: text }),
    el("p", { dir: "auto", class: "alt-text" }, text),
    el("button", { type: "button", class: "primary", onclick: () => viewer.close() }, "Close"));
  viewer.showModal();
  viewer.querySelector("button").focus();
}

const context = () => ({
  locale: locale(),
  viewerId: page.userId,
  names: {
    user: find("users"), role: find("roles"), channel: find("channels"), all: directory,
  },
  press,
  menu,
  dismiss,
  enlarge,
  command: (name) => {
    const leaf = leaves().find((each) => each.name === name);
    if (leaf) optionsForm.open(leaf);
  },
});

// --- Message list ---

const nodeOf = (id) => at("messages").querySelector(`[data-message-id="${CSS.escape(id)}"]`);

const isVisible = (view) => {
  const only = view.playground?.ephemeral_to;
  return (!only || only === page.userId) && !page.dismissed.has(view.id);
};

const isEarlier = (one, other) => BigInt(one) < BigInt(other);

/** Where the focus was inside a message, so that it survives a new drawing. */
function focusPlace(node) {
  if (!node.contains(document.activeElement)) return null;
  const all = [...node.querySelectorAll("button, a, select, input")];
  return { index: all.indexOf(document.activeElement), text: document.activeElement.textContent };
}

function restoreFocus(node, place) {
  const all = [...node.querySelectorAll("button, a, select, input")];
  const same = all.find((each) => place.text && each.textContent === place.text);
  const goal = same ?? all[place.index];
  if (goal && !goal.disabled) goal.focus({ preventScroll: true });
  else node.focus({ preventScroll: true });
}

/** Draws a message in its place; one that is there already is replaced. */
function put(view) {
  const list = at("messages");
  const old = nodeOf(view.id);
  const node = message(view, context());
  page.views.set(view.id, view);
  if (old) {
    const place = focusPlace(old);
    old.replaceWith(node);
    if (place) restoreFocus(node, place);
  } else {
    const after = [...list.children].findLast((each) =>
      isEarlier(each.dataset.messageId, view.id));
    if (after) after.after(node);
    else list.prepend(node);
  }
  showEmpty();
  return node;
}

function scrollToEnd() {
  const scroller = at("scroller");
  scroller.scrollTop = scroller.scrollHeight;
}

/** Shows the end of the list, or the beginning of a message that is taller than the list. */
function follow(node) {
  if (!page.atEnd) return;
  const scroller = at("scroller");
  if (node.offsetHeight > scroller.clientHeight) {
    scroller.scrollTop = node.offsetTop;
    page.atEnd = false;
  } else {
    scrollToEnd();
  }
}

function showEmpty() {
  const empty = at("messages").children.length === 0;
  at("empty").hidden = !empty;
  if (!empty) return;
  at("starters").replaceChildren(...leaves().slice(0, 5).map((leaf) => el("li", {},
    el("button", { type: "button", class: "starter", onclick: () => optionsForm.open(leaf) },
      el("strong", { dir: "auto" }, `/${leaf.label}`),
      el("span", { dir: "auto" }, leaf.description)))));
}

async function showChannel() {
  const [channelId, userId] = [page.channelId, page.userId];
  const views = await api.loadMessages(channelId, userId);
  // Another channel or user was chosen meanwhile.
  if (channelId !== page.channelId || userId !== page.userId) return;
  page.views.clear();
  at("messages").replaceChildren();
  views.filter(isVisible).forEach(put);
  showEmpty();
  page.atEnd = true;
  scrollToEnd();
}

/** Says new messages and answers aloud; replays of what was there before stay silent. */
function announce(view, node, before) {
  const changed = !before || before.playground?.thinking !== view.playground?.thinking
    || before.playground?.failed !== view.playground?.failed;
  const isNew = before || Date.parse(view.timestamp) >= page.loadedAt - 1000;
  if (changed && isNew) at("announcer").textContent = summary(view, node);
}

// --- Live updates ---

function onMessage(view, channelId) {
  if (!page.state.channels.some(({ id }) => id === channelId)) refreshState();
  if (!isVisible(view)) return;
  if (channelId !== page.channelId) {
    if (Date.parse(view.timestamp) >= page.loadedAt) {
      page.unread.add(channelId);
      drawChannels();
    }
    return;
  }
  const before = page.views.get(view.id);
  const node = put(view);
  announce(view, node, before);
  if (!before || before.playground?.thinking) follow(node);
  else if (page.atEnd) scrollToEnd();
}

const handlers = {
  message_create: (event) => onMessage(event.data, event.channel_id ?? event.data.channel_id),
  message_update: (event) => onMessage(event.data, event.channel_id ?? event.data.channel_id),
  message_delete: (event) => {
    page.views.delete(event.data.id);
    nodeOf(event.data.id)?.remove();
    showEmpty();
  },
  commands: () => refreshState(),
  bot: () => refreshState(),
  // `reload`: events were lost on the way.
  state: async (event) => {
    await refreshState();
    if (event.data?.reload) await reloadMessages();
  },
  modal: (event) => offerModal(event.data),
};

function onEvents(events = []) {
  const isMessage = (event) => event.type.startsWith("message_");
  const last = new Map(events.filter(isMessage).map((event) => [event.data.id, event]));
  for (const event of events) {
    // Only the latest of a message's versions is worth drawing.
    if (isMessage(event) && last.get(event.data.id) !== event) continue;
    try {
      handlers[event.type]?.(event);
    } catch (error) {
      // One event that can't be drawn must not stop the others.
      console.error("An event could not be shown.", event, error);
    }
  }
  if (events.length > 0 && !at("transcript").hidden) refreshTranscript();
}

let refreshing = null;
/** Loads the state again; calls that come together share one request. */
function refreshState() {
  refreshing ??= new Promise((resolve) => setTimeout(resolve, 50))
    .then(api.loadState)
    .then(takeState)
    .catch(handleRefusal)
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

function connection(text, kind) {
  const line = at("connection");
  if (line.textContent !== text) line.textContent = text;
  line.dataset.kind = kind;
}

function showConnected() {
  const { bot } = page.state;
  connection(bot?.connected ? `Connected: ${bot.name} is online` : "Connected: the bot is offline",
    bot?.connected ? "good" : "waiting");
  const warning = at("bot-warning");
  const text = bot?.connected ? "" : "The bot is not connected. It can't answer until it is.";
  if (warning.textContent !== text) warning.textContent = text;
  warning.hidden = !text;
}

// --- Modals ---

function offerModal(data) {
  if (data.user_id !== page.userId) return;
  // Once only, should the event come again.
  if (page.own.delete(data.interaction_id)) openModal(data);
  else if (page.sending > 0) page.waitingModals.push(data);
}

/** One part of a modal: a text input, in a row (1) or a label (18), or text (10). */
function modalPart(part, number) {
  if (part.type === 1) return part.components.map((each) => modalPart(each, number));
  if (part.type === 18) {
    const { label, description, component } = part;
    return modalPart({ ...component, label, description }, number);
  }
  if (part.type === 10) return el("div", {}, markdown(part.content ?? "", context()));
  if (part.type !== 4) {
    return el("p", { class: "muted" }, `This page does not draw inputs of type ${part.type}.`);
  }
  const id = `modal-input-${number}`;
  const needed = part.required !== false;
  const limits = [part.min_length && `at least ${part.min_length}`,
    part.max_length && `at most ${part.max_length}`].filter(Boolean).join(", ");
  const attributes = {
    id, name: part.custom_id, dir: "auto", placeholder: part.placeholder, required: needed,
    minlength: part.min_length, maxlength: part.max_length ?? 4000,
    "aria-describedby": `${id}-about`,
  };
  const input = part.style === 2
    ? el("textarea", { ...attributes, rows: "4" }, part.value ?? "")
    : el("input", { ...attributes, type: "text", value: part.value });
  const need = [needed ? "required" : "optional", limits && `${limits} characters`]
    .filter(Boolean).join(", ");
  return el("div", { class: "field-box" },
    el("label", { for: id }, el("bdi", { class: "field-name" }, part.label ?? "Text"),
      el("span", { class: "field-need", id: `${id}-about` }, ` ${need}`)),
    part.description && el("p", { class: "muted", dir: "auto" }, part.description),
    input);
}

function openModal(data) {
  const modal = at("modal");
  const problem = el("p", { class: "error", role: "alert" });
  const submit = el("button", { type: "submit", class: "primary", "data-testid": "modal-submit" },
    "Submit");
  const form = el("form", { autocomplete: "off", onsubmit: async (event) => {
    event.preventDefault();
    const inputs = [...form.querySelectorAll("input, textarea")];
    const fields = Object.fromEntries(inputs.map((input) => [input.name, input.value]));
    submit.disabled = true;
    try {
      await interact({
        kind: "modal", interaction_id: data.interaction_id, custom_id: data.custom_id, fields,
      });
      modal.close();
    } catch (error) {
      problem.textContent = error.message;
      submit.disabled = false;
    }
  } },
    el("h2", { id: "modal-title", dir: "auto" }, data.title),
    el("p", { class: "muted" }, `This form was sent by ${page.state.bot?.name ?? "the bot"}.`),
    data.components.map(modalPart).flat(Infinity),
    problem,
    el("div", { class: "row" }, submit,
      el("button", { type: "button", class: "plain", onclick: () => modal.close() }, "Cancel")));
  if (modal.open) modal.close();
  modal.replaceChildren(form);
  modal.showModal();
  modal.querySelector("input, textarea")?.focus();
}

// --- Side bar ---

function drawChannels() {
  const marks = { text: "#", thread: "\u21B3", dm: "@" };
  const words = { text: "channel", thread: "thread", dm: "direct messages" };
  at("channels").replaceChildren(...channels().map((each) => el("li", {},
    el("button", {
      type: "button", class: "channel", "data-channel-id": each.id,
      "aria-current": each.id === page.channelId ? "true" : null,
      onclick: () => chooseChannel(each.id),
    },
      el("span", { "aria-hidden": "true" }, `${marks[each.kind] ?? "#"} `),
      el("bdi", {}, each.name),
      el("span", { class: "for-readers" }, `, ${words[each.kind] ?? "channel"}`),
      page.unread.has(each.id) && el("span", { class: "badge" }, "new")))));
  const current = channel();
  at("channel-name").textContent = current
    ? `${marks[current.kind] ?? "#"} ${current.name}` : "No channel";
}

function roleNames(each) {
  return page.state.roles
    .filter((role) => role.id !== page.state.guild.id && each.roles.includes(role.id))
    .map(({ name }) => name).join(", ") || "no role";
}

const languageName = (code) => {
  try {
    return `${LANGUAGES.of(code)} (${code})`;
  } catch {
    return code;
  }
};

function drawPerson() {
  const { users, roles, guild, locales } = page.state;
  at("user").replaceChildren(...users.map((each) => el("option", {
    value: each.id, selected: each.id === page.userId,
  }, `${nameOf(each)} — ${roleNames(each)}${each.is_tutor ? " (tutor)" : ""}`)));
  at("roles").replaceChildren(
    el("legend", {}, "Roles of this user"),
    ...roles.filter(({ id }) => id !== guild.id).map((role) => el("label", { dir: "auto" },
      el("input", { type: "checkbox", value: role.id, checked: user().roles.includes(role.id),
        onchange: changeRoles }), ` ${role.name}`)));
  at("locale").replaceChildren(...locales.map((code) =>
    el("option", { value: code, selected: code === locale() }, languageName(code))));
}

async function changePerson(change) {
  at("person-error").textContent = "";
  try {
    await api.changeUser(page.userId, change);
  } catch (error) {
    handleRefusal(error);
    at("person-error").textContent = error.message;
  }
  await refreshState();
}

function changeRoles() {
  const boxes = at("roles").querySelectorAll("input:checked");
  return changePerson({ roles: [...boxes].map((box) => box.value) });
}

function reloadMessages() {
  return showChannel().catch((error) => {
    handleRefusal(error);
    at("composer-error").textContent = error.message;
  });
}

function chooseChannel(id) {
  page.channelId = id;
  page.unread.delete(id);
  remember();
  toggleSidebar(false);
  drawChannels();
  return reloadMessages();
}

function chooseUser(id) {
  page.userId = id;
  if (!channel()) page.channelId = channels()[0]?.id ?? null;
  remember();
  optionsForm.close();
  drawChannels();
  drawPerson();
  return reloadMessages();
}

function remember() {
  sessionStorage.setItem("playground-place", JSON.stringify([page.userId, page.channelId]));
}

function toggleSidebar(open) {
  at("sidebar").classList.toggle("open", open);
  at("sidebar-toggle").setAttribute("aria-expanded", String(open));
  if (open) at("channels").querySelector("button")?.focus();
}

// --- Transcript ---

function entryItem({ at: time, direction, kind, summary: text }) {
  return el("li", {},
    el("span", { class: "entry-head" },
      el("span", {}, clockTime(time)), el("span", {}, direction.replace("_", " ")),
      el("strong", {}, kind)),
    el("code", { dir: "auto" }, text));
}

async function refreshTranscript() {
  const body = at("transcript-body");
  try {
    const { entries = [], unimplemented = [] } = await api.loadTranscript();
    body.replaceChildren(el("div", {},
      el("h3", {}, "Asked for, but not built here"),
      unimplemented.length === 0 ? el("p", {}, "Nothing: each route that the bot used exists.")
        : el("ul", {}, unimplemented.map((route) => el("li", {}, el("code", {}, route)))),
      el("h3", {}, "What was sent, newest first"),
      entries.length > MOST_ENTRIES
        && el("p", { class: "muted" }, `The newest ${MOST_ENTRIES} of ${entries.length}.`),
      el("ol", { class: "entries" }, entries.slice(-MOST_ENTRIES).reverse().map(entryItem))));
  } catch (error) {
    handleRefusal(error);
    body.replaceChildren(el("p", { class: "error", role: "alert" }, error.message));
  }
}

function clockTime(value) {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? String(value) : date.toLocaleTimeString(locale());
}

function toggleTranscript(open) {
  at("transcript").hidden = !open;
  at("transcript-toggle").setAttribute("aria-expanded", String(open));
  if (open) refreshTranscript();
  at(open ? "transcript-title" : "transcript-toggle").focus();
}

// --- Start ---

function lock(title, reason) {
  at("client").hidden = true;
  at("locked").hidden = false;
  at("locked-title").textContent = title;
  at("locked-reason").textContent = reason;
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
  at("locked-title").focus();
}

function handleRefusal(error) {
  if (error instanceof api.Refused) lock("The playground does not accept this page", error.message);
}

function takeState(state) {
  page.state = state;
  if (!user()) page.userId = state.users[0]?.id ?? null;
  if (!channel()) page.channelId = channels()[0]?.id ?? null;
  at("notice").textContent = state.notice || at("notice").textContent;
  at("guild-name").textContent = state.guild.name;
  drawChannels();
  drawPerson();
  showConnected();
  showEmpty();
}

function wire() {
  at("user").addEventListener("change", (event) => chooseUser(event.target.value));
  at("locale").addEventListener("change", async (event) => {
    await changePerson({ locale: event.target.value });
    reloadMessages();
  });
  at("scroller").addEventListener("scroll", ({ target }) => {
    page.atEnd = target.scrollHeight - target.scrollTop - target.clientHeight < NEAR_END;
  });
  at("sidebar-toggle").addEventListener("click", () =>
    toggleSidebar(!at("sidebar").classList.contains("open")));
  at("sidebar").addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !at("sidebar").classList.contains("open")) return;
    toggleSidebar(false);
    at("sidebar-toggle").focus();
  });
  at("transcript-toggle").addEventListener("click", () =>
    toggleTranscript(at("transcript").hidden));
  at("transcript-close").addEventListener("click", () => toggleTranscript(false));
  at("transcript-refresh").addEventListener("click", refreshTranscript);
  at("transcript").addEventListener("keydown", (event) => {
    if (event.key === "Escape") toggleTranscript(false);
  });
  for (const dialog of [at("modal"), at("viewer")]) {
    // Chromium gives the focus back to a text field before it takes text again: once more.
    dialog.addEventListener("close", () => {
      const { activeElement } = document;
      activeElement.blur();
      activeElement.focus({ preventScroll: true });
    });
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea, dialog");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    composer.openPicker();
  });
}

function wireTheme() {
  const key = "playground-theme";
  const apply = (theme) => {
    document.documentElement.dataset.theme = theme;
  };
  at("theme").value = localStorage.getItem(key) ?? "system";
  apply(at("theme").value);
  at("theme").addEventListener("change", (event) => {
    localStorage.setItem(key, event.target.value);
    apply(event.target.value);
  });
}

const optionsForm = new OptionsForm(at("options"), services, () => at("composer").focus());
const composer = new Composer({
  form: at("composer-form"), input: at("composer"), popup: at("composer-popup"),
  hint: at("composer-hint"), problem: at("composer-error"), commandsButton: at("commands-button"),
}, services, optionsForm);

async function onConnect() {
  const first = page.state === null;
  takeState(await api.loadState());
  at("locked").hidden = true;
  at("client").hidden = false;
  const { next } = page.state;
  await showChannel();
  if (first) at("composer").focus();
  return next ?? 0;
}

function onLost(error, seconds) {
  const text = `${error.message} Trying again in ${seconds} s.`;
  if (page.state === null) lock("The playground can't be reached", text);
  else connection(text, "lost");
}

async function begin() {
  api.takeToken();
  wireTheme();
  // Another run of the server prints another address; it may be opened in this same tab.
  window.addEventListener("hashchange", () => {
    if (api.takeToken()) location.reload();
  });
  if (!api.hasToken()) {
    lock("The address is not complete", "This page needs the token that ends the address.");
    return;
  }
  [page.userId, page.channelId] = JSON.parse(sessionStorage.getItem("playground-place") ?? "[]");
  wire();
  try {
    await api.followEvents({ onConnect, onEvents, onLost });
  } catch (error) {
    handleRefusal(error);
  }
}

begin();
