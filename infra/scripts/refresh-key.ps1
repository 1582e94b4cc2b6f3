# Has App Service read the sealing key from the vault, and the app start with it. App Service keeps what it read for a
# day, and so it does with "not found" or "not allowed"; a restart alone reads nothing anew.
# https://learn.microsoft.com/azure/app-service/app-service-key-vault-references#understand-rotation
#
#   infra/scripts/refresh-key.ps1 [VERSION]   the version of the secret that the app must have; else any
param([string]$wanted = '')
$ErrorActionPreference = 'Stop'
if (-not $env:AZURE_FUNCTION_APP_ID) { throw 'AZURE_FUNCTION_APP_ID is not set' }
$wait = if ($env:PLINTH_RETRY_SECONDS) { [int]$env:PLINTH_RETRY_SECONDS } else { 10 }
# az puts Azure's address before a resource id.
$references = "$env:AZURE_FUNCTION_APP_ID/config/configreferences/appsettings"
$version = 'api-version=2022-03-01'

function Send-Request($method, $url) {
  $answer = az rest --only-show-errors --method $method --url $url
  if ($LASTEXITCODE -ne 0) { throw "az rest --method $method --url $url failed" }
  if ($answer) { ($answer | Out-String | ConvertFrom-Json).properties }
}
# Whether the app's setting is the secret, in the wanted version.
function Test-Fresh {
  $script:state = Send-Request get "$references/PLINTH_SEALING_KEY?$version"
  $state.status -eq 'Resolved' -and (-not $wanted -or $state.activeVersion -eq $wanted)
}

if (Test-Fresh) {
  Write-Host 'The app has the sealing key.'
  exit
}
for ($tries = 30; ; ) {
  Send-Request post "$references/refresh?$version" | Out-Null
  Start-Sleep -Seconds $wait
  if (Test-Fresh) { break }
  if (--$tries -eq 0) {
    throw "App Service does not read the sealing key: $($state.status). Has the app's identity the role Key Vault " +
      'Secrets User on it, and does the vault let the app in?'
  }
  Write-Host "App Service has not read the sealing key yet ($($state.status)); again in $wait s."
}
Send-Request post "$env:AZURE_FUNCTION_APP_ID/restart?$version" | Out-Null
Write-Host 'The app has the sealing key, and starts again with it.'
