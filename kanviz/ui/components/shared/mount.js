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
 * @property {(event: any, value: any) => void} [send] an event; of several that wait, Streamlit delivers the last
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
      const view = begin(parentElement, life.signal);
      const here = { begin, life, view, trigger: setTriggerValue, state: setStateValue };
      const hold = held(life.signal);
      view.send = (event, value) => hold("event", () => here.trigger(event, value));
      view.tell = (event, value) => hold(`state ${event}`, () => here.state(event, value));
      place[MOUNTED] = here;
    }
    const here = place[MOUNTED];
    here.trigger = setTriggerValue;
    here.state = setStateValue;
    here.view.show(data);
    return () => {
      if (parentElement.isConnected || place[MOUNTED] !== here) return;
      delete place[MOUNTED];
      here.life.abort();
    };
  };
}

const STATE = "data-test-connection-state";
const app = () => document.querySelector(`[data-testid=stApp][${STATE}]`);
const isAway = () => app() !== null && app().getAttribute(STATE) !== "CONNECTED";

/**
 * Make a function that sends an event once the server can be reached: Streamlit drops what is sent while it reopens
 * its connection. Of the events of one name that wait, the last is sent.
 * @param {AbortSignal} signal
 * @returns {(name: string, send: () => void) => void}
 */
function held(signal) {
  /** @type {Map<string, () => void>} */
  const waiting = new Map();
  const observer = new MutationObserver(() => {
    if (isAway()) return;
    observer.disconnect();
    const all = [...waiting.values()];
    waiting.clear();
    for (const send of all) send();
  });
  signal.addEventListener("abort", () => observer.disconnect());
  return (name, send) => {
    if (!isAway()) return send();
    waiting.set(name, send);
    observer.observe(app(), { attributes: true, attributeFilter: [STATE] });
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
