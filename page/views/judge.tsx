import { useState } from 'preact/hooks';
import type { PlanAnswer } from '../../shared/graph/answers.ts';
import type { Judgement } from '../../shared/model/bases/policy.ts';
import { judgeDigest, planJudgement } from '../app/actions.ts';
import { useData } from '../app/data.ts';
import { Name } from '../app/parts.tsx';
import { short } from '../model/freshness.ts';
import { type Act, acts, planWords, type Standing } from '../model/judging.ts';
import { visible } from '../model/visible.ts';

type Verdict = Judgement['verdict'];

interface Given {
  image: string;
  /** Whole. */
  digest: string;
  standing: Standing;
}

/** Buttons for what may be said of a digest by who looks at it; each asks for a reason and shows first what it comes to. */
export function Judge({ image, digest, standing }: Given) {
  const { registries } = useData();
  const [chosen, choose] = useState<Verdict>();
  const roles = registries?.you.roles ?? [];
  const may = (Object.entries(acts) as [Verdict, Act][]).filter(
    ([, { role, fits }]) => roles.includes(role) && fits.includes(standing),
  );
  return (
    <div class="action">
      {may.map(([verdict, { title }]) => (
        <button
          type="button"
          key={verdict}
          aria-expanded={chosen === verdict}
          aria-label={`${title} ${short(digest)} of ${visible(image)}`}
          onClick={() => choose(chosen === verdict ? undefined : verdict)}
        >
          {title}
        </button>
      ))}
      {chosen && may.some(([verdict]) => verdict === chosen) && (
        <Asked key={chosen} {...{ image, digest, verdict: chosen }} leave={() => choose(undefined)} />
      )}
    </div>
  );
}

interface Asks {
  image: string;
  digest: string;
  verdict: Verdict;
  leave: () => void;
}

/** The reason, and beforehand what would be rebuilt: nothing is changed until it is confirmed. */
function Asked({ image, digest, verdict, leave }: Asks) {
  const { title, says, path } = acts[verdict];
  const [reason, type] = useState('');
  const [plan, setPlan] = useState<PlanAnswer>();
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const attempt = async (act: () => Promise<void>) => {
    setBusy(true);
    setFault('');
    await act().catch((error: Error) => setFault(error.message));
    setBusy(false);
  };
  const preview = () => attempt(async () => setPlan(await planJudgement({ image, digest, verdict })));
  const confirm = (event: Event) => {
    event.preventDefault();
    void attempt(async () => {
      await judgeDigest(path, { image, digest, reason: reason.trim() });
      leave();
    });
  };
  return (
    <form class="asked" aria-label={`${title} ${short(digest)}`} onSubmit={confirm}>
      <p>
        {title} {short(digest)} of <Name text={image} />. {says}
      </p>
      <label>
        Reason{' '}
        <input
          required
          maxLength={500}
          pattern=".*\S.*"
          value={reason}
          onInput={({ currentTarget }) => type(currentTarget.value)}
        />
      </label>
      <p class="bar">
        <button type="button" disabled={busy} onClick={preview}>
          What would be rebuilt
        </button>
        <button type="submit" disabled={busy || !plan}>
          {title}
        </button>
        <button type="button" onClick={leave}>
          Not now
        </button>
      </p>
      <p role="alert">{visible(fault)}</p>
      <div role="status">{plan && <Preview plan={plan} />}</div>
    </form>
  );
}

const named = 20;

function Preview({ plan }: { plan: PlanAnswer }) {
  const first = plan.waves[0]?.tasks ?? [];
  return (
    <>
      <p>{planWords(plan)}</p>
      {first.length > 0 && (
        <p class="quiet">
          First{' '}
          {first.slice(0, named).map(({ registry, task }, index) => (
            <>
              {index > 0 && ', '}
              <Name text={`${registry}/${task}`} />
            </>
          ))}
          {first.length > named && ` and ${first.length - named} more`}.
        </p>
      )}
      {plan.held?.[0] && <p class="quiet">{visible(plan.held[0].reason)}.</p>}
    </>
  );
}
