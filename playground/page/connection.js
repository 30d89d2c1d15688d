// What the page says of its link to the playground and of the bot's: the line at the top, the warning
// and the locked page.

import * as api from "./api.js";
import { at, page } from "./state.js";

export function lock(title, reason) {
  at("client").hidden = true;
  at("locked").hidden = false;
  at("locked-title").textContent = title;
  at("locked-reason").textContent = reason;
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
  at("locked-title").focus();
}

export function handleRefusal(error) {
  if (error instanceof api.Refused) lock("The playground does not accept this page", error.message);
}

export function connection(text, kind) {
  const line = at("connection");
  if (line.textContent !== text) line.textContent = text;
  line.dataset.kind = kind;
}

export function showConnected() {
  const { bot } = page.state;
  connection(bot?.connected ? `Connected: ${bot.name} is online` : "Connected: the bot is offline",
    bot?.connected ? "good" : "waiting");
  const warning = at("bot-warning");
  const text = bot?.connected ? "" : "The bot is not connected. It can't answer until it is.";
  if (warning.textContent !== text) warning.textContent = text;
  warning.hidden = !text;
}
