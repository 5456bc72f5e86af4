/** UDP as the endpoint needs it; tests put a network with loss in its place. */
export interface DatagramNetwork {
  /** Binds a socket. Rejects with the system's error (EADDRINUSE, EACCES, …). */
  bind(options: DatagramOptions, receive: DatagramReceiver): Promise<DatagramSocket>;
}

export interface DatagramOptions {
  readonly address: string;
  readonly port: number;
  /** Wanted size of the kernel's buffers, bytes. */
  readonly bufferBytes: number;
}

export interface DatagramReceiver {
  onDatagram(text: string, address: string, port: number): void;
  /** An error the system reported for a datagram sent to this address, if it says which. */
  onError(error: Error): void;
}

export interface DatagramSocket {
  readonly address: string;
  readonly port: number;
  /** Sends latin1 text as bytes. `failed` is called, later, if the system refuses the datagram. */
  send(text: string, port: number, address: string, failed: (error: Error) => void): void;
  close(): Promise<void>;
}
