/** Connects the open pages of the add-in, panes and the function command. */

/** A page's connection to the others. Where a host isolates its pages, no message arrives. */
export interface PageChannel {
  /** Announces to the other pages that the state of a mail changed. */
  announceChange(): void;
  /** Calls back when another page announces a change. */
  onChange(callback: () => void): void;
}

const NAME = "webcrm-sync changed";

/** Connects this page to the other pages of its origin. */
export function createPageChannel(): PageChannel {
  return typeof BroadcastChannel === "undefined" ? storageChannel() : broadcastChannel();
}

function broadcastChannel(): PageChannel {
  const channel = new BroadcastChannel(NAME);
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has one
    announceChange: () => channel.postMessage(null),
    onChange: (callback) => channel.addEventListener("message", callback),
  };
}

/** For WebKit before 15.4. A page without storage stays alone. */
function storageChannel(): PageChannel {
  return {
    announceChange() {
      try {
        localStorage.setItem(NAME, `${Date.now()} ${Math.random()}`);
      } catch {
        // The other pane sees the change with its next poll, two seconds later.
      }
    },
    onChange(callback) {
      window.addEventListener("storage", ({ key }) => key === NAME && callback());
    },
  };
}
