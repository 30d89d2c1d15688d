// The page itself: puts its parts together, sends what people do and takes in what happens. It knows
// nothing of any bot: all it shows was registered or sent.

import { announce } from "./announcer.js";
import * as api from "./api.js";
import { localised } from "./commands.js";
import { Composer } from "./composer.js";
import { connection, handleRefusal, lock, showConnected } from "./connection.js";
import { openMenu } from "./context_menu.js";
import { MessageList, isVisible } from "./message_list.js";
import { openModal } from "./modal.js";
import { el } from "./nodes.js";
import { OptionsForm } from "./options_form.js";
import { drawChannels, drawPerson, tickedRoles, toggleSidebar } from "./sidebar.js";
import {
  at, channel, channels, directory, find, leaves, locale, offered, page, user,
} from "./state.js";
import { refreshTranscript, toggleTranscript } from "./transcript.js";

/** How long a pressed button is shown as pressed: Discord's limit for an answer, and a little. */
const PRESS_MS = 3_500;
/** Within this many pixels of the end, the list follows new messages. */
const NEAR_END = 80;

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
    messageList.scrollToEnd();
  },
};

function offerModal(data) {
  if (data.user_id !== page.userId) return;
  // Once only, should the event come again.
  if (page.own.delete(data.interaction_id)) {
    openModal(data, { context: context(), botName: page.state.bot?.name, send: interact });
  } else if (page.sending > 0) {
    page.waitingModals.push(data);
  }
}

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
  messageList.remove(view.id);
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

// --- Live updates ---

function onMessage(view, channelId) {
  if (!page.state.channels.some(({ id }) => id === channelId)) refreshState();
  if (!isVisible(view)) return;
  if (channelId !== page.channelId) {
    if (Date.parse(view.timestamp) >= page.loadedAt) {
      page.unread.add(channelId);
      showChannels();
    }
    return;
  }
  const before = page.views.get(view.id);
  const node = messageList.put(view);
  announce(view, node, before);
  if (!before || before.playground?.thinking) messageList.follow(node);
  else if (page.atEnd) messageList.scrollToEnd();
}

const handlers = {
  message_create: (event) => onMessage(event.data, event.channel_id ?? event.data.channel_id),
  message_update: (event) => onMessage(event.data, event.channel_id ?? event.data.channel_id),
  message_delete: (event) => messageList.remove(event.data.id),
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

// --- Who acts, and where ---

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

const showChannels = () => drawChannels(chooseChannel);
const showPerson = () => drawPerson(() => changePerson({ roles: tickedRoles() }));

function reloadMessages() {
  return messageList.showChannel().catch((error) => {
    handleRefusal(error);
    at("composer-error").textContent = error.message;
  });
}

function chooseChannel(id) {
  page.channelId = id;
  page.unread.delete(id);
  remember();
  toggleSidebar(false);
  showChannels();
  return reloadMessages();
}

function chooseUser(id) {
  page.userId = id;
  if (!channel()) page.channelId = channels()[0]?.id ?? null;
  remember();
  optionsForm.close();
  showChannels();
  showPerson();
  return reloadMessages();
}

function remember() {
  sessionStorage.setItem("playground-place", JSON.stringify([page.userId, page.channelId]));
}

// --- Start ---

function takeState(state) {
  page.state = state;
  if (!user()) page.userId = state.users[0]?.id ?? null;
  if (!channel()) page.channelId = channels()[0]?.id ?? null;
  at("notice").textContent = state.notice || at("notice").textContent;
  at("guild-name").textContent = state.guild.name;
  showChannels();
  showPerson();
  showConnected();
  messageList.showEmpty();
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

const messageList = new MessageList(context, (leaf) => optionsForm.open(leaf));
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
  await messageList.showChannel();
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
