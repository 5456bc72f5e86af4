import {
  createNotificationQueue,
  createWebhookNotification,
  type BullNotificationQueue,
  type QueueConnection,
} from "@tandem/adapter-bullmq";
import type { NotificationChannel } from "@tandem/call-control";
import type { Logger } from "@tandem/runtime";
import type { ControllerConfig } from "./config.ts";
import { createEmailNotification } from "./email-notification.ts";

/** The ways by which people are told of emergency calls, besides SIP, and the queue of what is to be told. */
export interface Telling {
  readonly queue: BullNotificationQueue;
  readonly channels: readonly NotificationChannel[];
  close(): Promise<void>;
}

export function createTelling(
  { config, logger }: { readonly config: ControllerConfig; readonly logger: Logger },
  queues: QueueConnection,
): Telling {
  const queue = createNotificationQueue(queues);
  // The topology names the variables that hold keys; that is why they are read from the environment and not from the configuration.
  const secretNamed = (name: string): string | undefined => process.env[name];
  const webhook = createWebhookNotification({ secretNamed, timeoutMs: config.notifyTimeoutMs });
  const mail = config.mail === null ? null : createEmailNotification(config.mail);
  if (mail === null) logger.info("emergency notifications by email are off: no mail server is configured");
  return {
    queue,
    channels: mail === null ? [webhook] : [webhook, mail],
    async close() {
      mail?.close();
      await queue.close();
    },
  };
}
