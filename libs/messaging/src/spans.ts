import { context, type Span, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import type { ReceivedEvent } from './event.js';

const traceparentPattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** A span of kind producer for a sampled event, and the traceparent that its record carries. */
export function startProducing(topic: string, traceparent: string | null): { traceparent: string | null; end(): void } {
  const span = startSpan(`publish ${topic}`, SpanKind.PRODUCER, traceparent);
  if (!span) return { traceparent, end: () => undefined };
  const { traceId, spanId, traceFlags } = span.spanContext();
  const flags = traceFlags.toString(16).padStart(2, '0');
  return { traceparent: `00-${traceId}-${spanId}-${flags}`, end: () => span.end() };
}

/** Runs `work` under a span of kind consumer for every sampled event. */
export async function whileConsuming<T>(events: readonly ReceivedEvent[], work: () => Promise<T>): Promise<T> {
  const spans = events.flatMap((event) => {
    return startSpan(`consume ${event.topic}`, SpanKind.CONSUMER, event.traceparent ?? null) ?? [];
  });
  try {
    return await work();
  } catch (error) {
    for (const span of spans) span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}

function startSpan(name: string, kind: SpanKind, traceparent: string | null): Span | undefined {
  const [, traceId, spanId, flags] = (traceparent && traceparentPattern.exec(traceparent)) || [];
  if (!traceId || !spanId || !flags) return undefined;
  const traceFlags = Number.parseInt(flags, 16);
  if ((traceFlags & TraceFlags.SAMPLED) === 0) return undefined;
  const parent = trace.setSpanContext(context.active(), { traceId, spanId, traceFlags, isRemote: true });
  return trace.getTracer('@regulars/messaging').startSpan(name, { kind }, parent);
}
