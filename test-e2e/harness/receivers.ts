import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";

/** One request that came in. */
interface ReceivedPost {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A webhook receiver: keeps what is posted, and answers with the next of `statuses` (200 when there is none). */
export async function startHttpReceiver(statuses: number[] = []) {
  const posts: ReceivedPost[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      posts.push({ headers: request.headers, body });
      response.writeHead(statuses.shift() ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/told`,
    posts,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** A mail server that takes everything (RFC 5321, as little as a client needs) and keeps the messages. */
export async function startMailReceiver() {
  const mails: string[] = [];
  const server = createTcpServer((socket) => {
    let text = "";
    let inData = false;
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    say("220 receiver");
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      text += chunk.toString("utf8");
      for (
        let end = text.indexOf(inData ? "\r\n.\r\n" : "\r\n");
        end >= 0;
        end = text.indexOf(inData ? "\r\n.\r\n" : "\r\n")
      ) {
        const line = text.slice(0, end);
        text = text.slice(end + (inData ? 5 : 2));
        if (inData) {
          mails.push(line);
          inData = false;
          say("250 kept");
        } else if (/^DATA/i.test(line)) {
          inData = true;
          say("354 go on");
        } else if (/^QUIT/i.test(line)) {
          say("221 bye");
          socket.end();
        } else say("250 receiver");
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
