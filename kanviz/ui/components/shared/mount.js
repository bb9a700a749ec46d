// A component's life on the page: one view for each place it is mounted in, ended when it is taken off the page.

/**
 * What Streamlit calls a component with, at first and for each payload that follows.
 * @template Payload
 * @typedef {object} Call
 * @property {Payload} data
 * @property {ParentNode} parentElement
 * @property {(event: string, value: any) => void} setTriggerValue
 * @property {(event: string, value: any) => void} setStateValue
 */

/**
 * A view of a component: made once, shown each payload.
 * @template Payload
 * @typedef {object} View
 * @property {(event: any, value: any) => void} [send] an event; of events that wait together the last is heard
 * @property {(event: any, value: any) => void} [tell] a state, which no event that waits with it drives out
 * @property {(data: Payload) => void} show
 */

const MOUNTED = Symbol.for("kanviz.mounted"); // one name for all versions of this script in a tab that outlives servers

/**
 * Make the function that Streamlit calls. It returns what Streamlit calls when the component is taken off the page.
 *
 * Streamlit also calls that for a payload that was overtaken by the next one, before or after that one came. Then the
 * place is still on the page, and the view goes on: what a hand is doing in it must not be lost.
 * @template Payload
 * @param {(parent: ParentNode, signal: AbortSignal) => View<Payload>} begin makes the view; its signal ends it:
 *   listeners, observers and timers end with it
 * @returns {(call: Call<Payload>) => () => void}
 */
export function mounted(begin) {
  return ({ data, parentElement, setTriggerValue, setStateValue }) => {
    const place = /** @type {any} */ (parentElement);
    if (place[MOUNTED]?.begin !== begin) {
      place[MOUNTED]?.life.abort();
      const life = new AbortController();
      place[MOUNTED] = { begin, life, view: begin(parentElement, life.signal) };
    }
    const here = place[MOUNTED];
    here.view.send = setTriggerValue;
    here.view.tell = setStateValue;
    here.view.show(data);
    return () => {
      if (parentElement.isConnected || place[MOUNTED] !== here) return;
      delete place[MOUNTED];
      here.life.abort();
    };
  };
}

/**
 * Call for each change of a node's size, until the signal ends it.
 * @param {Element} node
 * @param {AbortSignal} signal
 * @param {() => void} act
 */
export function resized(node, signal, act) {
  const observer = new ResizeObserver(act);
  observer.observe(node);
  signal.addEventListener("abort", () => observer.disconnect());
}
