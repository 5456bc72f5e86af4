/** UDP as the endpoint needs it; tests put a network with loss in its place. */
export interface DatagramNetwork {
  /** Binds a socket. Rejects with the system's error (EADDRINUSE, EACCES, …). */
  bind(options: DatagramOptions, receiver: DatagramReceiver): Promise<DatagramSocket>;
}

export interface DatagramOptions {
  /** IP address literal. */
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  /** Wanted size of the kernel's buffers, bytes. */
  readonly bufferBytes: number;
}

export interface DatagramReceiver {
  /** `bytes` belong to the receiver. */
  onDatagram(bytes: Buffer, address: string, port: number): void;
  /** The socket reports an error that belongs to no `send`. It stays usable. */
  onError(error: Error): void;
}

export interface DatagramSocket {
  readonly address: string;
  readonly port: number;
  /** Size of the receive buffer that the system gave, bytes; 0 if unknown. */
  readonly receiveBufferBytes: number;
  /**
   * Sends latin1 text as bytes to an IP address literal. `failed` is called, later, if the system refuses the datagram (no route,
   * too long, …). After `close` nothing happens. A port nobody listens on is not reported: an unconnected socket does not learn of it.
   */
  send(text: string, target: { readonly address: string; readonly port: number }, failed: (error: Error) => void): void;
  close(): Promise<void>;
}
