import { randomUUID } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { type Attributes, context, type Span, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { ProcessSettings } from './settings.js';

const format = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
let ratio = 0;
let provider: TracerProvider | undefined;

/** Starts to record and export spans, where an OTLP endpoint is set; returns what ends it. */
export function startTelemetry(name: string, settings: ProcessSettings): () => Promise<void> {
  const endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (!endpoint) return async () => undefined;
  ratio = settings.OTEL_TRACES_SAMPLER_ARG;
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
  provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': name, 'service.namespace': 'regulars' }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 500 })],
  });
  trace.setGlobalTracerProvider(provider);
  return () => provider?.shutdown() ?? Promise.resolve();
}

/** The trace of an incoming request: the caller's when its header is well-formed (W3C trace context), else a new one. */
export function traceparentOf(header: string | undefined): string {
  if (header && format.test(header)) return header;
  const sampled = ratio > 0 && Math.random() < ratio;
  return `00-${randomHex()}-${randomHex().slice(16)}-${sampled ? '01' : '00'}`;
}

/** 32 hex digits; Node keeps random bytes for UUIDs at hand, so that this costs no call into the operating system. */
function randomHex(): string {
  return randomUUID().replaceAll('-', '');
}

/** The id that people quote and logs carry. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}

/** The trace that a call came with. */
export function traceparentIn(metadata: Metadata): string | undefined {
  const [value] = metadata.get('traceparent');
  return typeof value === 'string' && format.test(value) ? value : undefined;
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;

/** A span below the one that `traceparent` names; costs next to nothing when that is not sampled. */
export function spanOf(name: string, kind: keyof typeof kinds, traceparent: string, attributes: Attributes = {}): Span {
  const [, traceId = '', spanId = '', flags = '00'] = format.exec(traceparent) ?? [];
  const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
  return trace
    .getTracer('regulars')
    .startSpan(name, { kind: kinds[kind], attributes }, trace.setSpanContext(context.active(), parent));
}

/** The header for what is called from inside a span. */
export function traceparentFrom(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** Does some work inside a span and marks the span failed when the work fails. */
export async function inSpan<Result>(
  name: string,
  kind: keyof typeof kinds,
  traceparent: string,
  work: (traceparent: string) => Promise<Result>,
): Promise<Result> {
  const span = spanOf(name, kind, traceparent);
  try {
    return await work(traceparentFrom(span));
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}
