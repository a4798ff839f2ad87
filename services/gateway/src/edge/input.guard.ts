import { type ArgumentMetadata, Injectable, type PipeTransform, StandardSchemaValidationPipe } from '@nestjs/common';
import { faultsOf, Malformed, type Place } from './faults.js';

const places: Readonly<Record<string, Place>> = { body: 'body', query: 'query', param: 'path' };

/** Fastify's parser has refused bodies with `__proto__` already: walking through each of them again is not needed. */
class SchemaPipe extends StandardSchemaValidationPipe {
  protected override stripProtoKeys(): void {
    // Nothing is left to strip.
  }
}

/** Validates what a route takes by the schema in its decorator, and tells every fault with its pointer. */
@Injectable()
export class InputPipe implements PipeTransform {
  private readonly pipes = new Map<string, StandardSchemaValidationPipe>();

  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    return metadata.schema ? this.pipeFor(metadata).transform(value, metadata) : value;
  }

  private pipeFor({ type, data }: ArgumentMetadata): StandardSchemaValidationPipe {
    const name = `${type} ${data ?? ''}`;
    let pipe = this.pipes.get(name);
    if (!pipe) {
      const place = places[type] ?? 'body';
      pipe = new SchemaPipe({
        exceptionFactory: (issues) => new Malformed(faultsOf(issues, place, data)),
      });
      this.pipes.set(name, pipe);
    }
    return pipe;
  }
}
