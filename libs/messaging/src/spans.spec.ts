import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { ReceivedEvent } from './event.js';
import { startProducing, whileConsuming } from './spans.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const sampled = `00-${traceId}-b7ad6b7169203331-01`;
const unsampled = `00-${traceId}-b7ad6b7169203331-00`;

describe('Spans of events', () => {
  const exporter = new InMemorySpanExporter();
  const heard = (traceparent?: string): ReceivedEvent => ({
    id: 'id',
    type: 'regulars.loyalty.v1.PointsEarned',
    key: 'key',
    payload: {},
    topic: 'regulars.loyalty.points.v1',
    partition: 0,
    offset: '0',
    time: new Date(0),
    ...(traceparent !== undefined && { traceparent }),
  });

  beforeAll(() => {
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  });
  beforeEach(() => exporter.reset());

  it('[O2] put a producer between the writer of a sampled event and its consumers', () => {
    const producing = startProducing('regulars.loyalty.points.v1', sampled);
    producing.end();
    const [span] = exporter.getFinishedSpans();
    expect(span).toMatchObject({ name: 'publish regulars.loyalty.points.v1', kind: SpanKind.PRODUCER });
    expect(span?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(producing.traceparent).toBe(`00-${traceId}-${span?.spanContext().spanId}-01`);
  });

  it('[O2] leave an unsampled, missing or malformed trace as it is', () => {
    for (const traceparent of [unsampled, null, 'nonsense']) {
      expect(startProducing('topic', traceparent).traceparent).toBe(traceparent);
    }
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('[O2] show each sampled event of a run, and that the run failed', async () => {
    await whileConsuming([heard(sampled), heard(unsampled), heard()], async () => undefined);
    const failure = new Error('away');
    await expect(whileConsuming([heard(sampled)], () => Promise.reject(failure))).rejects.toBe(failure);
    const spans = exporter.getFinishedSpans();
    expect(spans.map(({ kind }) => kind)).toEqual([SpanKind.CONSUMER, SpanKind.CONSUMER]);
    expect(spans.map(({ status }) => status.code)).toEqual([SpanStatusCode.UNSET, SpanStatusCode.ERROR]);
  });
});
