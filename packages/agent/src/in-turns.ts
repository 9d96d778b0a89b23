/** Longest that work goes on before everything else has its turn. @default 10 ms: a hundredth of what a lease allows to wait */
const turnMs = 10;

/** Runs work that offers pauses: in each turn of the event loop a little of it, so that nothing waits for all of it. */
export async function inTurns<Result>(work: Generator<unknown, Result>): Promise<Result> {
  let began = performance.now();
  for (;;) {
    const pause = work.next();
    if (pause.done) return pause.value;
    if (performance.now() - began < turnMs) continue;
    await new Promise(setImmediate);
    began = performance.now();
  }
}
