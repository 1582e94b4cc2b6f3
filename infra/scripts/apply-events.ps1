# Hands the registries' events to the deployed function: infra/events.bicep. azd runs it after each deployment of code;
# by hand it needs the variables below, all of them outputs or parameters of main.bicep. With PLINTH_APPLY_EVENTS=false it
# does nothing: for who may deploy the code and nothing else.
$ErrorActionPreference = 'Stop'
Set-Location (Join-Path $PSScriptRoot '../..')
if ($env:PLINTH_APPLY_EVENTS -eq 'false') {
  Write-Host 'PLINTH_APPLY_EVENTS is false: the event subscriptions stay as they are.'
  exit
}
foreach ($name in 'AZURE_SUBSCRIPTION_ID', 'AZURE_ENV_NAME', 'AZURE_RESOURCE_GROUP', 'AZURE_FUNCTION_APP_ID',
  'PLINTH_DATA_ACCOUNT_ID', 'PLINTH_REGISTRIES') {
  if (-not [Environment]::GetEnvironmentVariable($name)) { throw "$name is not set" }
}
$wait = if ($env:PLINTH_RETRY_SECONDS) { [int]$env:PLINTH_RETRY_SECONDS } else { 20 }

# A file, because quotes in an argument do not survive every version of PowerShell.
$parameters = New-TemporaryFile
$said = New-TemporaryFile
@{
  environmentName = @{ value = $env:AZURE_ENV_NAME }
  functionAppId   = @{ value = $env:AZURE_FUNCTION_APP_ID }
  dataAccountId   = @{ value = $env:PLINTH_DATA_ACCOUNT_ID }
  registries      = @{ value = @($env:PLINTH_REGISTRIES | ConvertFrom-Json) }
} | ConvertTo-Json -Depth 5 | Set-Content $parameters

try {
  # Event Grid takes only a function that Azure lists already, which it does a moment after a deployment.
  for ($tries = 6; ; ) {
    az deployment group create --only-show-errors --output none --subscription $env:AZURE_SUBSCRIPTION_ID `
      --resource-group $env:AZURE_RESOURCE_GROUP --name "plinth-events-$env:AZURE_ENV_NAME" `
      --template-file infra/events.bicep --parameters "@$parameters" 2> $said
    if ($LASTEXITCODE -eq 0) { break }
    Get-Content $said | Write-Host
    if (Select-String -Quiet -Path $said -Pattern AuthorizationFailed) {
      throw 'The event subscriptions were not made: a right is missing, docs/deploy-azd.md lists them. Who may deploy ' +
        'the code alone sets PLINTH_APPLY_EVENTS to false (azd env set PLINTH_APPLY_EVENTS false).'
    }
    if (--$tries -eq 0) {
      throw 'The event subscriptions could not be made. Is az signed in, and is the function imagePushed there?'
    }
    Write-Host "Event Grid does not see the function yet; again in $wait s."
    Start-Sleep -Seconds $wait
  }
} finally {
  Remove-Item $parameters, $said
}
Write-Host 'Pushes to the registries now reach the function imagePushed.'
