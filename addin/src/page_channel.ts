/** Word between the pages of the add-in: other panes and the function command. */

/** A page's voice and ear. Where the host keeps its pages apart, nobody hears anything. */
export interface Windows {
  /** Tells the others that something became of a mail. */
  tell(): void;
  /** Calls back when another page tells so. */
  onTold(callback: () => void): void;
}

const NAME = "webcrm-sync changed";

/** The other pages of this origin. */
export function createWindows(): Windows {
  return typeof BroadcastChannel === "undefined" ? byStorage() : byChannel();
}

function byChannel(): Windows {
  const channel = new BroadcastChannel(NAME);
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has one
    tell: () => channel.postMessage(null),
    onTold: (callback) => channel.addEventListener("message", callback),
  };
}

/** For WebKit before 15.4. Pages whose storage is shut off stay alone. */
function byStorage(): Windows {
  return {
    tell() {
      try {
        localStorage.setItem(NAME, `${Date.now()} ${Math.random()}`);
      } catch {
        // The pane finds out by itself two seconds later.
      }
    },
    onTold(callback) {
      window.addEventListener("storage", ({ key }) => key === NAME && callback());
    },
  };
}
