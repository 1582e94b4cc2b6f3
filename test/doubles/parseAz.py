"""Holds command lines against az's own parser and runs none. In: a JSON list of argument lists. Out: one of faults."""
import io
import json
import sys
from contextlib import redirect_stderr

from azure.cli.core import get_default_cli

def fault(argv):
    cli = get_default_cli()
    invocation = cli.invocation_cls(cli_ctx=cli, parser_cls=cli.parser_cls,
                                    commands_loader_cls=cli.commands_loader_cls, help_cls=cli.help_cls)
    cli.invocation = invocation
    loader = invocation.commands_loader
    loader.load_command_table(argv)
    command = invocation._rudimentary_get_command(argv)
    loader.command_name = invocation.data['command_string'] = command
    if command in loader.command_table:
        loader.command_table = {command: loader.command_table[command]}
    try:
        loader.load_arguments(command)
    except ModuleNotFoundError:
        # Debian leaves out a module of Key Vault: the command is there, and which arguments it takes cannot be asked.
        return None if command in loader.command_table else 'az ' + command + ': no such command'
    invocation.parser.load_command_table(loader)
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            invocation.parser.parse_args(argv)
    except SystemExit:
        return 'az ' + ' '.join(argv) + ': ' + (said.getvalue().strip().splitlines() or [''])[0]

print(json.dumps([said for said in map(fault, json.load(sys.stdin)) if said]))
