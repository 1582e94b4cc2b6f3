type GitServer = 'GitHub' | 'AzureDevOps' | 'other';

/** Which rules for tokens a repository's server has. Azure DevOps Server has its own host, but the same `/_git/`. */
function gitServerOf(url: string): GitServer {
  const { hostname, pathname } = new URL(url);
  if (hostname === 'github.com' || hostname.endsWith('.ghe.com')) return 'GitHub';
  const azure = hostname === 'dev.azure.com' || hostname.endsWith('.visualstudio.com');
  return azure || pathname.includes('/_git/') ? 'AzureDevOps' : 'other';
}

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;

/**
 * The Authorization header for a token.
 * - GitHub: Basic with `x-access-token`, which an app's installation token asks for and any PAT takes
 *   (docs.github.com, "Authenticating as a GitHub App installation").
 * - Azure DevOps: Basic with an empty user for a PAT, Bearer for an Entra token, which is a JWT
 *   (learn.microsoft.com, azure/devops/repos/git/auth-overview).
 * - Others: `user:password` as it is given; a bare token with the user `oauth2`, which GitLab asks for with OAuth
 *   tokens and which it, Gitea, Forgejo and GitHub Enterprise Server take with any of theirs.
 */
export function gitAuthorization(url: string, token: string): string {
  const server = gitServerOf(url);
  if (server === 'GitHub') return basic('x-access-token', token);
  if (server === 'AzureDevOps') return isJwt(token) ? `Bearer ${token}` : basic('', token);
  const colon = token.indexOf(':');
  return colon < 0 ? basic('oauth2', token) : basic(token.slice(0, colon), token.slice(colon + 1));
}

const isJwt = (token: string) => /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(token);

/** Which token to give for a repository and what it must be allowed, for an error message. */
export function tokenAdvice(url: string): string {
  const advice: Record<GitServer, string> = {
    GitHub:
      'a GitHub token that may read it: fine-grained with Contents: Read, or classic with the scope repo (public_repo for a public one)',
    AzureDevOps: 'an Azure DevOps PAT with the scope Code (Read), or an Entra token for Azure DevOps',
    other:
      'a token that may read it (GitLab: read_repository), or user:password where the server requires a user',
  };
  return `Give the task's contextAccessToken ${advice[gitServerOf(url)]}.`;
}
