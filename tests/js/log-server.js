import { createServer } from "node:http";

/**
 * A real HTTP server with one message's log, following the protocol: history after a cursor, then
 * the end. `serve` may be replaced to misbehave.
 */
export class LogServer {
  /** What was asked: the cursors, in order. */
  asked = [];
  #server = createServer((request, response) => {
    const { searchParams } = new URL(request.url, "http://x");
    const after = searchParams.get("after") ?? "";
    this.asked.push(after);
    this.serve(response, after, request);
  });

  constructor(events) {
    this.events = events;
  }

  async start() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.#server.address().port}/events`;
    return this;
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The bytes of everything after the cursor; null when there is nothing. */
  bytesAfter(cursor) {
    const start = cursor ? this.events.findIndex(({ id }) => id === cursor) + 1 : 0;
    const rest = this.events.slice(start);
    if (rest.length === 0) return null;
    return Buffer.from(`: hello\n\n${rest.map(frame).join(": ping\n\n")}`);
  }

  serve(response, after) {
    const bytes = this.bytesAfter(after);
    if (bytes) this.begin(response).end(bytes);
    else response.writeHead(204).end();
  }

  begin(response) {
    return response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
  }
}

export const frame = ({ id, event, data }) =>
  `${id ? `id: ${id}\n` : ""}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** The log of an answer that says these words. */
export function answerLog(words) {
  const log = [
    ["started", { message_id: "m", conversation_id: "c", model: "demo/x", attempt: 1 }],
    ["part", { index: 0, type: "text" }],
    ...words.map((text) => ["delta", { index: 0, text }]),
    ["done", { finish_reason: "stop", usage: {}, timings: {} }],
  ];
  return log.map(([event, data], seq) => ({ id: `abcdef-${seq + 1}`, event, data }));
}
