"""A task's life through azure-mgmt-containerregistrytasks: what was split off azure-mgmt-containerregistry in 2026."""
import os
import time

from azure.identity import ManagedIdentityCredential
from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient, models

SUBSCRIPTION = '11111111-1111-1111-1111-111111111111'
AT = ('localrg', 'baseacr')
client = ContainerRegistryTasksMgmtClient(
    ManagedIdentityCredential(), SUBSCRIPTION, base_url=os.environ['ORIGIN'],
    credential_scopes=['https://management.azure.com/.default'])


def ended(run_id):
    for _ in range(120):
        run = client.runs.get(*AT, run_id)
        if run.finish_time:
            return run
        time.sleep(0.5)
    raise TimeoutError(run_id)


step = models.DockerBuildStep(
    context_path=os.environ['GIT'] + '/job.git#main', docker_file_path='Dockerfile', image_names=['split:{{.Run.ID}}'],
    arguments=[models.Argument(name='TOKEN', value='geheim', is_secret=True)])
task = client.tasks.create(*AT, 'fromsplit', models.Task(
    location='westeurope', platform=models.PlatformProperties(os='Linux'), step=step,
    identity=models.IdentityProperties(type='SystemAssigned')))
assert task.provisioning_state == 'Succeeded', task
assert 'geheim' not in str(client.tasks.get(*AT, 'fromsplit').as_dict())
assert client.tasks.get_details(*AT, 'fromsplit').step.arguments[0].value == 'geheim'
assert 'fromsplit' in [one.name for one in client.tasks.list(*AT)]
changed = client.tasks.update(*AT, 'fromsplit', models.TaskUpdateParameters(timeout=900))
assert changed.timeout == 900 and changed.step.image_names == ['split:{{.Run.ID}}'], changed

queued = client.registries.schedule_run(*AT, models.TaskRunRequest(task_id=task.id))
run = ended(queued.run_id)
assert run.status == 'Succeeded', run
assert run.run_id in [one.run_id for one in client.runs.list(*AT, filter="TaskName eq 'fromsplit'")]
assert client.runs.get_log_sas_url(*AT, run.run_id).log_link.startswith('https://')
assert client.registries.get_build_source_upload_url(*AT).relative_path

made = client.task_runs.begin_create(*AT, 'just-once', models.TaskRun(
    run_request=models.TaskRunRequest(task_id=task.id), force_update_tag='1')).result()
assert made.run_result.status == 'Succeeded', made
assert [one.name for one in client.task_runs.list(*AT)] == ['just-once']
client.task_runs.delete(*AT, 'just-once')
client.tasks.delete(*AT, 'fromsplit')
assert 'fromsplit' not in [one.name for one in client.tasks.list(*AT)]
