/** uvu as the test files take it: what a `before` throws is printed, which uvu itself drops. */
import { suite as uvuSuite, test as uvuTest } from 'uvu';

export { exec } from 'uvu';

type Test = typeof uvuTest;

function saying(test: Test): Test {
  const { before } = test;
  test.before = Object.assign(
    (hook: Parameters<typeof before>[0]) =>
      before(async (context) => {
        try {
          await hook(context);
        } catch (error) {
          console.error('before:', error);
          throw error;
        }
      }),
    before,
  );
  return test;
}

export const test = saying(uvuTest);
export const suite = (name: string): Test => saying(uvuSuite(name));
