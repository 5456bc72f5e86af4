import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A location service as the test wants it (HELD, RFC 5985). */
export class LocationSource {
  /** What it does with a question. */
  answer!: (response: ServerResponse) => void;
  /** How often it was asked. */
  asked = 0;
  readonly #server: Server;

  private constructor() {
    this.knowNothing();
    this.#server = createServer((_request, response) => {
      this.asked += 1;
      this.answer(response);
    });
  }

  static async start(): Promise<LocationSource> {
    const source = new LocationSource();
    source.#server.listen(0, "127.0.0.1");
    await once(source.#server, "listening");
    return source;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}/held`;
  }

  knowNothing(): void {
    this.answer = (response) =>
      void response.end('<error xmlns="urn:ietf:params:xml:ns:geopriv:held" code="locationUnknown"/>');
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
