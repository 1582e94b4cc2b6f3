import assert from 'node:assert/strict';
import { test } from 'uvu';
import { byTier } from '../../tier.ts';
import { canBe, disturb, type Manner, manners } from '../../worlds/lost/disturb.ts';
import { endOf } from '../../worlds/lost/endOf.ts';
import { lostWorld, type Scenario, scenarios } from '../../worlds/lost/scenarios.ts';
import { settle } from '../../worlds/settle.ts';
import { everyBuildHasItsRun, nothingIsLeft } from '../../worlds/storm/checks.ts';

/** But for the long tier every so many calls, another remainder in each scenario. */
const every = byTier({ fast: 48, normal: 8, long: 1 });

/** Besides what it costs undisturbed: see docs/exactly-once.md, what is not guaranteed. */
const more = { messages: 10, calls: 25 };

async function play({ act }: Scenario, number: number, manner: Manner) {
  const world = await lostWorld();
  const before = world.builds.length;
  const walk = disturb(world, number, manner);
  await act(world);
  await settle(world);
  await nothingIsLeft(world);
  return {
    ...walk,
    world,
    builds: world.builds.length - before,
    end: () => endOf(world),
  };
}

type Played = Awaited<ReturnType<typeof play>>;

/** The clock's own writes come as often as time passes. */
const ofFlow = (calls: string[]) => calls.filter((call) => call !== 'store.putScan').length;

async function compare(scenario: Scenario, plain: Played, number: number, manner: Manner): Promise<void> {
  const call = plain.calls[number - 1]!;
  const played = await play(scenario, number, manner);
  assert.equal(played.calls[number - 1], call, 'the same calls come to it');
  assert.deepEqual(await played.end(), await plain.end());
  assert.equal(played.builds, plain.builds, 'builds of the engine');
  await everyBuildHasItsRun(played.world);
  const messages = played.messages - plain.messages;
  const calls = ofFlow(played.calls) - ofFlow(plain.calls);
  assert.ok(messages <= more.messages, `${messages} more messages`);
  assert.ok(calls <= more.calls, `${calls} more calls`);
}

for (const [at, scenario] of scenarios.entries())
  test(`${scenario.title} comes to the same whichever call is lost, not carried out, or carried out twice`, async () => {
    const plain = await play(scenario, 0, 'not carried out');
    assert.ok(plain.calls.length > 0);
    const wrong: string[] = [];
    for (const [index, call] of plain.calls.entries()) {
      if (index % every !== at % every) continue;
      for (const manner of manners.filter((one) => canBe(call, one)))
        await compare(scenario, plain, index + 1, manner).catch((error) =>
          wrong.push(`${index + 1}. ${call} ${manner}: ${error.message}`),
        );
    }
    assert.equal(wrong.length, 0, wrong.join('\n\n'));
  });

test.run();
