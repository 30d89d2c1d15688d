// What the page knows: the server's state as it was last loaded, who acts and where, and what follows
// from these. Draws nothing and sends nothing.

import { leafCommands } from "./commands.js";

const ADMINISTRATOR = 8n;

export const at = (id) => document.getElementById(id);

export const page = {
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

/** Another user's direct messages are not for this one. */
export const channels = () => page.state.channels
  .filter(({ recipient_id: only }) => !only || only === page.userId);
export const user = () => page.state.users.find(({ id }) => id === page.userId);
export const channel = () => channels().find(({ id }) => id === page.channelId);
export const locale = () => user()?.locale ?? "en-US";
export const nameOf = ({ display_name: display, name }) => display || name;

/** The users, roles and channels under the names that people see. */
export function directory() {
  const { users, roles, bot } = page.state;
  const people = users.map((each) => ({ id: each.id, name: nameOf(each) }));
  if (bot?.id) people.push({ id: bot.id, name: bot.name });
  return { users: people, roles, channels: channels() };
}

export const find = (list) => (id) => directory()[list].find((item) => item.id === id)?.name;

/** Whether Discord would offer the command to this user in this channel. */
function isOffered(command) {
  if (channel()?.kind === "dm") {
    return command.contexts ? command.contexts.includes(1) : command.dm_permission !== false;
  }
  if (command.contexts && !command.contexts.includes(0)) return false;
  const needed = command.default_member_permissions;
  if (needed === null || needed === undefined) return true;
  const held = BigInt(user()?.permissions ?? 0);
  if ((held & ADMINISTRATOR) !== 0n) return true;
  // "0" means administrators alone.
  return BigInt(needed) !== 0n && (held & BigInt(needed)) === BigInt(needed);
}

export const offered = (type) =>
  page.state.commands.filter((command) => (command.type ?? 1) === type && isOffered(command));

export const leaves = () => leafCommands(offered(1), locale());
