import { useEffect, useState } from 'preact/hooks';
import { keepKey, signInAddress, signInBy } from '../app/session.ts';

interface Given {
  wasRefused: boolean;
  signedIn: () => Promise<void>;
}

/** All that is shown to a caller that is not known; no task is hinted at. */
export function SignIn(given: Given) {
  const [by, set] = useState<'key' | 'entra'>();
  useEffect(() => {
    signInBy().then(set, () => set('key'));
  }, []);
  return (
    <main class="sign-in" id="view">
      <h1>Plinth</h1>
      {by === 'entra' && (
        <a class="button" href={signInAddress()}>
          Sign in with Entra
        </a>
      )}
      {by === 'key' && <KeyForm {...given} />}
    </main>
  );
}

/** Asks for a function key. */
export function KeyForm({ wasRefused, signedIn }: Given) {
  const [key, type] = useState('');
  const [refused, refuse] = useState(wasRefused);
  const open = async (event: Event) => {
    event.preventDefault();
    keepKey(key.trim());
    refuse(false);
    await signedIn();
    refuse(true);
  };
  return (
    <form onSubmit={open}>
      <label for="key">Function key</label>
      <input
        id="key"
        type="password"
        autocomplete="off"
        required
        value={key}
        onInput={({ currentTarget }) => type(currentTarget.value)}
      />
      <button type="submit">Open</button>
      <p role="alert">{refused && 'This key was not accepted.'}</p>
      <p class="quiet">
        Kept in this tab only. A key may do everything that the API can: make one of its own for the page,{' '}
        <code>az functionapp keys set --key-type functionKeys --key-name page …</code>, which is revoked
        alone.
      </p>
    </form>
  );
}
