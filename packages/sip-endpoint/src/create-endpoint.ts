import { DEFAULT_TIMERS, ok, transactionSettings, type TimerSettings } from "@tandem/sip";
import { DEFAULT_LIMITS, type EndpointConfig } from "./config.ts";
import type { CreateEndpoint } from "./endpoint.ts";
import { Intake, type MessageReceiver } from "./messages/intake.ts";
import { Counters } from "./metrics/counters.ts";
import { LimitedLog } from "./metrics/limited-log.ts";
import { createSystemResolver } from "./next-hop/system-resolver.ts";
import { SipEndpoint } from "./sip-endpoint.ts";
import { systemClock } from "./timers/clock.ts";
import { TimerWheel } from "./timers/timer-wheel.ts";
import { ClientLayer } from "./transactions/client-layer.ts";
import type { TransactionContext } from "./transactions/context.ts";
import { createIds } from "./transactions/ids.ts";
import { PendingWork } from "./transactions/pending-work.ts";
import { ServerLayer } from "./transactions/server-layer.ts";
import { openTransports } from "./transport/open-transports.ts";
import type { TransportReceiver } from "./transport/transports.ts";

/** Makes an endpoint: binds the listeners and puts the layers together. */
export const createEndpoint: CreateEndpoint = async (config, events) => {
  const clock = config.clock ?? systemClock;
  const limits = { ...DEFAULT_LIMITS, ...config.limits };
  const counters = new Counters();
  const log = new LimitedLog(config.log, clock);
  const wheel = new TimerWheel(clock);
  const door = new FrontDoor();
  const opened = await openTransports({ config, limits, counters, log, clock, wheel, receiver: door });
  if (!opened.ok) return opened;
  const context: TransactionContext = {
    transports: opened.value,
    resolver: config.resolver ?? createSystemResolver(clock),
    wheel,
    clock,
    counters,
    log,
    limits,
    ids: createIds(),
    events,
    ...timing(config),
    serverHeaders: config.server === undefined ? [] : [["Server", config.server]],
    pending: new PendingWork(),
  };
  const clients = new ClientLayer(context);
  const servers = new ServerLayer(context);
  const receiver: MessageReceiver = {
    onRequest: (message, arrival) => servers.onRequest(message, arrival),
    onResponse: (message, arrival) => clients.onResponse(message, arrival),
    refuseStatelessly: (request, arrival, fault) => servers.refuseStatelessly(request, arrival, fault),
  };
  door.open(new Intake(receiver, counters, log, limits));
  return ok(new SipEndpoint(context, clients, servers));
};

function timing(config: EndpointConfig): Pick<TransactionContext, "timers" | "settings"> {
  const timers: TimerSettings = { ...DEFAULT_TIMERS, ...config.timers };
  const tryingAfterMs = config.tryingAfterMs ?? 0;
  return {
    timers,
    settings: {
      reliable: { ...transactionSettings(timers, true), tryingAfterMs },
      unreliable: { ...transactionSettings(timers, false), tryingAfterMs },
    },
  };
}

/** Stands between sockets and layers: what arrives before the endpoint is complete is dropped, and comes again. */
class FrontDoor implements TransportReceiver {
  private inner: TransportReceiver | undefined = undefined;

  open(inner: TransportReceiver): void {
    this.inner = inner;
  }

  onDatagram(...message: Parameters<TransportReceiver["onDatagram"]>): void {
    this.inner?.onDatagram(...message);
  }

  onStreamMessage(...message: Parameters<TransportReceiver["onStreamMessage"]>): void {
    this.inner?.onStreamMessage(...message);
  }

  onUnframed(...message: Parameters<TransportReceiver["onUnframed"]>): void {
    this.inner?.onUnframed(...message);
  }
}
