"""How to make the claims about the hooks around a run false."""

from fixtures.sabotage import sabotage


def _on_callback_hook(patch, change):
    """Let `change(call, trainer, name, stage)` decide which hooks of callbacks are called, by `call(name, ...)`."""
    from pytorch_lightning.trainer import call

    original = call._call_callback_hooks

    def changed(trainer, hook_name, *args, **kwargs):
        def again(name, **other):
            own = (args, {**kwargs, **other}) if name == hook_name else ((), other)
            original(trainer, name, *own[0], **own[1])

        change(again, trainer, hook_name, kwargs.get("stage"))

    patch.setattr(call, "_call_callback_hooks", changed)


@sabotage("callback.hook-on_fit_start")
def fit_starts_before_setup(patch):
    """on_fit_start is called before setup instead of after it."""

    def change(call, trainer, name, stage):
        if name == "setup" and stage == "fit":
            call("on_fit_start")
        if name != "on_fit_start":
            call(name)

    _on_callback_hook(patch, change)


@sabotage("callback.hook-on_fit_start")
def fit_starts_with_training(patch):
    """on_fit_start is called only when training starts, after the sanity check."""

    def change(call, trainer, name, stage):
        if name == "on_train_start":
            call("on_fit_start")
        if name != "on_fit_start":
            call(name)

    _on_callback_hook(patch, change)


@sabotage("callback.hook-on_fit_end")
def fit_ends_before_training(patch):
    """on_fit_end is called before on_train_end instead of after it."""

    def change(call, trainer, name, stage):
        if name == "on_train_end":
            call("on_fit_end")
        if name != "on_fit_end":
            call(name)

    _on_callback_hook(patch, change)


@sabotage("callback.hook-on_fit_end", "callback.hook-teardown")
def fit_ends_after_teardown(patch):
    """on_fit_end is called after teardown instead of before it."""

    def change(call, trainer, name, stage):
        if name != "on_fit_end":
            call(name)
        if name == "teardown" and stage == "fit":
            call("on_fit_end")

    _on_callback_hook(patch, change)


@sabotage("callback.hook-on_fit_start", "callback.hook-on_fit_end")
def the_ends_of_fit_are_told_twice(patch):
    """on_fit_start and on_fit_end are called twice each."""

    def change(call, trainer, name, stage):
        call(name)
        if name in ("on_fit_start", "on_fit_end"):
            call(name)

    _on_callback_hook(patch, change)


@sabotage("callback.fit-hooks-only-in-fit")
def a_test_is_told_as_a_fit(patch):
    """A test calls on_fit_start as well, as it did up to 1.2."""

    def change(call, trainer, name, stage):
        if name == "on_test_start":
            call("on_fit_start")
        call(name)

    _on_callback_hook(patch, change)


@sabotage("callback.fit-hooks-only-in-fit")
def a_test_ends_as_a_fit(patch):
    """A test calls on_fit_end as well, as it did up to 1.2."""

    def change(call, trainer, name, stage):
        if name == "teardown" and stage == "test":
            call("on_fit_end")
        call(name)

    _on_callback_hook(patch, change)


@sabotage("callback.hook-setup")
def a_test_is_set_up_as_a_fit(patch):
    """setup gets the stage 'fit' in a test."""

    def change(call, trainer, name, stage):
        call(name, stage="fit") if (name, stage) == ("setup", "test") else call(name)

    _on_callback_hook(patch, change)


@sabotage("callback.hook-setup")
def setup_waits_for_the_run(patch):
    """setup is called only when the fit or the test starts, with everything else in place."""

    def change(call, trainer, name, stage):
        if name in ("on_fit_start", "on_test_start"):
            call("setup", stage=trainer.state.fn)
        if name != "setup":
            call(name)

    _on_callback_hook(patch, change)


@sabotage("callback.hook-setup")
def setup_comes_before_the_data(patch):
    """Callbacks are set up before the data has been prepared."""
    from pytorch_lightning.trainer import call
    from pytorch_lightning.trainer.connectors.data_connector import _DataConnector

    original, prepare_data = call._call_callback_hooks, _DataConnector.prepare_data

    def prepared(self):
        original(self.trainer, "setup", stage=self.trainer.state.fn)
        prepare_data(self)

    _on_callback_hook(patch, lambda again, trainer, name, stage: again(name) if name != "setup" else None)
    patch.setattr(_DataConnector, "prepare_data", prepared)


@sabotage("callback.hook-teardown")
def a_test_is_torn_down_twice(patch):
    """A test calls teardown twice, first with the stage 'fit', as it did up to 1.2."""

    def change(call, trainer, name, stage):
        if (name, stage) == ("teardown", "test"):
            call(name, stage="fit")
        call(name)

    _on_callback_hook(patch, change)


@sabotage("callback.stage-of-validate-and-predict")
def only_fit_and_test_are_stages(patch):
    """validate is named 'fit', and predict 'test', as though there were only these two."""
    names = {"validate": "fit", "predict": "test"}

    def change(call, trainer, name, stage):
        call(name, stage=names.get(stage.value, stage)) if name in ("setup", "teardown") else call(name)

    _on_callback_hook(patch, change)


@sabotage("callback.hook-teardown", "callback.stage-of-validate-and-predict")
def only_training_is_torn_down(patch):
    """teardown is called after a fit alone."""

    def change(call, trainer, name, stage):
        if name != "teardown" or stage == "fit":
            call(name)

    _on_callback_hook(patch, change)
