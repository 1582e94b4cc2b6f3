import { useEffect, useState } from 'preact/hooks';
import { timeOfDay } from '../model/times.ts';
import { visible } from '../model/visible.ts';
import { ImageView } from '../views/image.tsx';
import { ImagesView } from '../views/images.tsx';
import { PushView } from '../views/push.tsx';
import { PushesView } from '../views/pushes.tsx';
import { RunView } from '../views/run.tsx';
import { RunsView } from '../views/runs.tsx';
import { KeyForm, SignIn } from '../views/signIn.tsx';
import { WhatIfView } from '../views/whatIf.tsx';
import { useData } from './data.ts';
import { useNow, useRoute } from './navigation.ts';
import { Link, NotRead } from './parts.tsx';
import { refresh, usePolling } from './polling.ts';
import type { Route } from './routes.ts';
import { forgetKey, hasKey, signInAddress, signOutAddress } from './session.ts';

const links = [
  ['Images', { view: 'images', find: '', show: '' }],
  ['Pushes', { view: 'pushes', day: '' }],
  ['Runs', { view: 'runs' }],
  ['What if', { view: 'what-if', image: '' }],
] as const;

/** Views of which a link is the entry. */
const under: Record<string, string> = { image: 'images', task: 'images', push: 'pushes', run: 'runs' };

/** What is around every view: where one is, how new it is, who asks, and what is wrong. */
export function Shell() {
  const route = useRoute();
  const { trouble, asOf, registries } = useData();
  const isRefused = trouble?.status === 401;
  const isWatched = route.view === 'run' || route.view === 'push';
  usePolling(isWatched, isRefused);
  useEffect(() => {
    document.title = `${titleOf(route)} · Plinth`;
  }, [route]);
  if (isRefused && asOf === 0) return <SignIn wasRefused={hasKey()} signedIn={refresh} />;
  return (
    <>
      <a class="skip" href="#view">
        Skip to the view
      </a>
      <header>
        <strong>Plinth</strong>
        <nav aria-label="Views">
          {links.map(([title, to]) => (
            <Link key={title} to={to} current={(under[route.view] ?? route.view) === to.view}>
              {title}
            </Link>
          ))}
        </nav>
        <span class="who">
          {asOf > 0 && <span>As of {timeOfDay(asOf)}</span>}
          <button type="button" onClick={() => refresh()}>
            Refresh
          </button>
          {registries?.you.name && <span>{visible(registries.you.name)}</span>}
          <SignOut byKey={registries?.you.by === 'FunctionKey'} />
        </span>
      </header>
      <Trouble />
      <main id="view" tabIndex={-1}>
        <Judged />
        {asOf === 0 ? <NotLoaded title={titleOf(route)} failed={!!trouble} /> : <View route={route} />}
      </main>
    </>
  );
}

/** Why it failed is said above. */
const NotLoaded = ({ title, failed }: { title: string; failed: boolean }) =>
  failed ? <h1 class="spoken">{title}</h1> : <NotRead title={title} />;

/** What came of what was said of a digest, until something else is said. */
function Judged() {
  const { judged } = useData();
  return (
    <div role="status">
      {judged && (
        <p>
          {judged.says}{' '}
          {judged.pushes.map((id, index) => (
            <Link key={id} to={{ view: 'push', id }}>
              {judged.pushes.length === 1 ? 'What was decided' : `What was decided, ${index + 1}`}
            </Link>
          ))}
        </p>
      )}
    </div>
  );
}

function SignOut({ byKey }: { byKey: boolean }) {
  if (!byKey) return <a href={signOutAddress}>Sign out</a>;
  const leave = () => {
    forgetKey();
    location.assign('/page');
  };
  return (
    <button type="button" onClick={leave}>
      Forget the key
    </button>
  );
}

const titleOf = (route: Route) =>
  ({
    images: 'Images',
    image: 'image' in route ? visible(route.image) : '',
    task: 'task' in route ? visible(route.task) : '',
    pushes: 'Pushes',
    push: 'Push',
    runs: 'Runs',
    run: 'runId' in route ? visible(route.runId) : '',
    'what-if': 'What if',
    nowhere: 'No such view',
  })[route.view];

function View({ route }: { route: Route }) {
  switch (route.view) {
    case 'images':
      return <ImagesView find={route.find} show={route.show} />;
    case 'image':
      return <ImageView image={route.image} />;
    case 'task':
      return <ImageView registry={route.registry} task={route.task} />;
    case 'pushes':
      return <PushesView day={route.day} />;
    case 'push':
      return <PushView key={route.id} id={route.id} />;
    case 'runs':
      return <RunsView />;
    case 'run':
      return (
        <RunView key={`${route.registry}/${route.runId}`} registry={route.registry} runId={route.runId} />
      );
    case 'what-if':
      return <WhatIfView image={route.image} />;
    default:
      return (
        <>
          <h1>No such view</h1>
          <p>There is no such view. The links above lead to all of them.</p>
        </>
      );
  }
}

/** Above the view, which stays as it was. */
function Trouble() {
  const { trouble, asOf, nextTry, notRead, registries } = useData();
  const now = useNow(1000);
  const [busy, set] = useState(false);
  const again = async () => {
    set(true);
    await refresh();
    set(false);
  };
  const read = (registries?.registries.length ?? 0) - notRead.filter(({ registry }) => registry).length;
  if (!trouble && notRead.length === 0) return null;
  return (
    <section aria-label="What is wrong">
      {trouble?.status === 401 && (
        <div class="trouble">
          <span role="alert">Your sign-in has ended.</span> <SignInAgain /> This page stays as it is.
        </div>
      )}
      {trouble?.status === 403 && (
        <p class="trouble" role="alert">
          {visible(trouble.message)} An owner of the app gives it by <code>register-api.sh --grant</code>.
        </p>
      )}
      {trouble && ![401, 403].includes(trouble.status) && (
        <p class="trouble">
          <span role="alert">
            {asOf > 0 && `Not updated since ${timeOfDay(asOf)}: `}
            {visible(trouble.message)}
          </span>{' '}
          {/* Not of the alert: what changes each second would be read out each second. */}
          {nextTry !== undefined && `Trying again in ${Math.max(0, Math.ceil((nextTry - now) / 1000))} s. `}
          <button type="button" disabled={busy} onClick={again}>
            Try now
          </button>
        </p>
      )}
      {notRead.map(({ registry, why }) => (
        <p class="trouble" role="alert" key={why}>
          {visible(why)}
          {registry && ` The other ${read} are shown.`}
        </p>
      ))}
    </section>
  );
}

function SignInAgain() {
  const { registries } = useData();
  const [asks, set] = useState(false);
  if (registries?.you.by !== 'FunctionKey') return <a href={signInAddress()}>Sign in again.</a>;
  return asks ? (
    <KeyForm wasRefused={true} signedIn={refresh} />
  ) : (
    <button type="button" onClick={() => set(true)}>
      Give the key again
    </button>
  );
}
