"""How to make the claims about schedules that are refused false."""

from torch.optim.lr_scheduler import ExponentialLR

from fixtures.sabotage import sabotage


def patch_schedulers(patch, change):
    """Let Lightning read `change(dict of the schedule)` where it would read that dict."""
    from pytorch_lightning.core import optimizer

    configure = optimizer._configure_schedulers_automatic_opt

    def configured(schedulers, monitor):
        return configure([change(each) if isinstance(each, dict) else each for each in schedulers], monitor)

    patch.setattr(optimizer, "_configure_schedulers_automatic_opt", configured)


@sabotage("module.scheduler-without-schedule")
def a_dict_without_a_schedule_is_left_out(patch):
    """A dict without a schedule is as good as none."""
    from pytorch_lightning.core import optimizer

    configure = optimizer._configure_schedulers_automatic_opt

    def configured(schedulers, monitor):
        whole = [each for each in schedulers if not isinstance(each, dict) or "scheduler" in each]
        return configure(whole, monitor)

    patch.setattr(optimizer, "_configure_schedulers_automatic_opt", configured)


@sabotage("module.scheduler-interval-refused")
def another_interval_is_an_epoch(patch):
    """An interval that is not known is taken for an epoch."""
    patch_schedulers(patch, lambda given: {**given, "interval": "epoch"})


@sabotage("module.scheduler-foreign")
def nobody_looks_whose_schedule_it_is(patch):
    """A schedule of any optimizer is taken."""
    from pytorch_lightning.core import optimizer

    patch.setattr(optimizer, "_validate_optimizers_attached", lambda optimizers, configs: None)


@sabotage("module.scheduler-api")
def any_schedule_is_taken(patch):
    """Nobody looks what a schedule can do."""
    from pytorch_lightning.core import optimizer

    patch.setattr(optimizer, "_validate_scheduler_api", lambda configs, model: None)


@sabotage("module.scheduler-api")
def nobody_asks_for_a_step_of_ones_own(patch):
    """Schedules that are none of torch's are always refused."""
    from pytorch_lightning.core import optimizer

    patch.setattr(optimizer, "is_overridden", lambda name, model: False)


@sabotage("module.scheduler-api-manual")
def it_does_not_matter_who_steps(patch):
    """In manual optimization schedules are asked for all that automatic optimization needs."""
    from pytorch_lightning.core import optimizer

    validate = optimizer._validate_scheduler_api

    def validated(configs, model):
        manual, model.automatic_optimization = not model.automatic_optimization, True
        try:
            validate(configs, model)
        finally:
            model.automatic_optimization = not manual

    patch.setattr(optimizer, "_validate_scheduler_api", validated)


@sabotage("module.scheduler-manual-keys")
def keys_are_ignored_in_silence(patch):
    """Nothing is said about keys that have no meaning in manual optimization."""
    from pytorch_lightning.core import optimizer

    configure = optimizer._configure_schedulers_manual_opt

    def configured(schedulers):
        left_out = ("reduce_on_plateau", "monitor", "strict")
        return configure([{key: each[key] for key in each if key not in left_out} for each in schedulers])

    patch.setattr(optimizer, "_configure_schedulers_manual_opt", configured)


@sabotage("module.scheduler-manual-keys")
def schedules_step_by_themselves(patch):
    """In manual optimization a schedule steps when the optimizer has been configured."""
    from pytorch_lightning.core import optimizer

    configure = optimizer._configure_schedulers_manual_opt

    def configured(schedulers):
        configs = configure(schedulers)
        for config in configs:
            if isinstance(config.scheduler, ExponentialLR):
                config.scheduler.optimizer.param_groups[0]["lr"] /= 2
        return configs

    patch.setattr(optimizer, "_configure_schedulers_manual_opt", configured)
