// Talks to the playground server: token, requests, uploads, long poll. Draws nothing.

const PREFIX = "/playground/api/";
const TOKEN_KEY = "playground-token";
/** The server holds a long poll for 25 s; past this it is not coming. */
const POLL_LIMIT_MS = 40_000;
const LONGEST_PAUSE_S = 15;

/** The server does not take our token, or there is none. */
export class Refused extends Error {}

/** A request that did not succeed; the message is one plain sentence for the person. */
export class Failed extends Error {}

/**
 * Moves the token from the address into the session's storage, so that it stays neither in the
 * address bar nor in the history. Returns whether the address held one.
 */
export function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return false;
  sessionStorage.setItem(TOKEN_KEY, token);
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

export function hasToken() {
  return sessionStorage.getItem(TOKEN_KEY) !== null;
}

async function sentenceOf(response) {
  try {
    const { error } = await response.json();
    if (typeof error === "string" && error) return error;
  } catch {
    // Not JSON: the status has to do.
  }
  return `The playground server answered with status ${response.status}.`;
}

async function request(method, path, { body, form, signal } = {}) {
  const headers = { "x-playground-token": sessionStorage.getItem(TOKEN_KEY) ?? "" };
  if (body) headers["content-type"] = "application/json";
  let response;
  try {
    response = await fetch(PREFIX + path, {
      method,
      headers,
      body: form ?? (body ? JSON.stringify(body) : undefined),
      signal,
      cache: "no-store",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failed("The playground server does not answer. Is it still running?");
  }
  if (response.status === 401) throw new Refused(await sentenceOf(response));
  if (!response.ok) throw new Failed(await sentenceOf(response));
  return response.status === 204 ? null : response.json().catch(() => null);
}

export const loadState = () => request("GET", "state");

export const loadTranscript = () => request("GET", "transcript");

export async function loadMessages(channelId, viewerId) {
  const viewer = encodeURIComponent(viewerId);
  const path = `channels/${encodeURIComponent(channelId)}/messages?viewer=${viewer}`;
  return (await request("GET", path)).messages;
}

export const changeUser = (userId, change) =>
  request("POST", `users/${encodeURIComponent(userId)}`, { body: change });

export const interact = (body, signal) => request("POST", "interactions", { body, signal });

export function upload(file, signal) {
  const form = new FormData();
  form.append("file", file, file.name);
  return request("POST", "uploads", { form, signal });
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/**
 * Follows the server's events until the token is refused.
 * `onConnect()` loads what there is, at the start and after each break; it gives the number to
 * ask on from and may itself fail. `onEvents(events)` gets each batch; `onLost(error, seconds)`
 * says that the next try is in that many seconds.
 */
export async function followEvents({ onConnect, onEvents, onLost }) {
  let since = 0;
  let connected = false;
  let failures = 0;
  for (;;) {
    try {
      if (!connected) {
        since = await onConnect();
        connected = true;
        failures = 0;
      }
      const signal = AbortSignal.timeout(POLL_LIMIT_MS);
      const { next, events } = await request("GET", `events?since=${since}`, { signal });
      since = next;
      onEvents(events);
    } catch (error) {
      if (error instanceof Refused) throw error;
      connected = false;
      failures += 1;
      const seconds = Math.min(2 ** (failures - 1), LONGEST_PAUSE_S);
      onLost(error, seconds);
      await pause(seconds);
    }
  }
}

/** The path of an address alone: signatures in the query may be renewed. */
export const pathOf = (address) => (address ?? "").split("?")[0].replace(/^https?:\/\/[^/]+/, "");

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * The address of a file on this server, relative to the page; null for any other site. The server
 * may name itself 127.0.0.1 while the page was opened as localhost: the policy of the page lets
 * only its own origin in.
 */
export function localAddress(address) {
  let url;
  try {
    url = new URL(address, location.href);
  } catch {
    return null;
  }
  const ours = url.origin === location.origin
    || (url.protocol === "http:" && LOOPBACK.has(url.hostname) && LOOPBACK.has(location.hostname)
      && url.port === location.port);
  return ours ? url.pathname + url.search : null;
}
