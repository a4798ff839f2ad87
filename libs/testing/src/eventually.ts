/**
 * Repeats a check until it passes: until it neither throws nor answers `false`. Gives up after `withinMs` with what the
 * last attempt said. Answers what the check answered.
 */
export async function eventually<T>(check: () => T | Promise<T>, withinMs = 180_000): Promise<Exclude<T, false>> {
  const until = performance.now() + withinMs;
  for (let waitMs = 10; ; waitMs = Math.min(waitMs * 1.5, 200)) {
    let failure: unknown;
    try {
      const answer = await check();
      if (answer !== false) return answer as Exclude<T, false>;
      failure = new Error('The check still answers false');
    } catch (error) {
      failure = error;
    }
    if (performance.now() > until) throw failure;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
