/** Has the beat of what is run in it beat when it is told to; gives whether it goes on. */
export async function beating<T>(
  work: (beat: { now(): Promise<void>; goes(): boolean; every(): number }) => Promise<T>,
): Promise<T> {
  const { setInterval: set, clearInterval: clear } = globalThis;
  let beats: (() => void) | undefined;
  let pause = 0;
  globalThis.setInterval = ((call: () => void, ms: number) => {
    [beats, pause] = [call, ms];
    return { unref: () => {} };
  }) as never;
  globalThis.clearInterval = (() => {
    beats = undefined;
  }) as never;
  try {
    return await work({
      async now() {
        beats?.();
        for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      },
      goes: () => beats !== undefined,
      every: () => pause,
    });
  } finally {
    Object.assign(globalThis, { setInterval: set, clearInterval: clear });
  }
}
