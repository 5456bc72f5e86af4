export { createProbeSchedule, type BullProbeSchedule } from "./probe-schedule.ts";
export type { QueueClient, QueueConnection } from "./queue-connection.ts";
export {
  createNotificationQueue,
  type BullNotificationQueue,
  type NotificationQueueOptions,
} from "./notification-queue.ts";
export { createWebhookNotification, type WebhookNotificationOptions } from "./webhook-notification.ts";
export { createWebhookSink, type WebhookSink } from "./webhook-sink.ts";
export type { DeliveryWorkerOptions } from "./delivery-worker.ts";
export { idempotencyKey, signature, type WebhookTarget } from "./webhook-request.ts";
