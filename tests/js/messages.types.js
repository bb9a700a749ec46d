// What TypeScript has to find: a message that does not follow the protocol. Read by tsc and never run.

/** @type {import("../../kanviz/ui/components/protocol").Send<import("../../kanviz/ui/components/protocol").EditorEvents>} */
const send = () => {};

send("point", 3);
send("commit", { rev: "one", words: "Move", points: [[0, 1.5]] });
// @ts-expect-error a point is a number
send("point", "3");
// @ts-expect-error there is no such event
send("points", 3);
// @ts-expect-error an edge has three parts
send("edge", [0, 1]);
// @ts-expect-error a gesture says which curve it was made on
send("commit", { words: "Move" });
