"""How to make the claims about modes and gradients around evaluation false."""

from pytorch_lightning import Trainer

from fixtures.calls import skip
from fixtures.rewriting import rewrite
from fixtures.sabotage import sabotage


@sabotage("since.module-evaluation-modes")
def evaluation_is_in_eval_mode_all_the_same(patch):
    """The module is switched to eval mode besides its own hook."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    original = _EvaluationLoop._on_evaluation_model_eval

    def switch(self):
        original(self)
        self.trainer.lightning_module.eval()

    patch.setattr(_EvaluationLoop, "_on_evaluation_model_eval", switch)


@sabotage("since.module-prediction-mode")
def prediction_is_in_eval_mode_all_the_same(patch):
    """The module is switched to eval mode besides its own hook."""
    from pytorch_lightning.loops.prediction_loop import _PredictionLoop

    original = _PredictionLoop._on_predict_model_eval

    def switch(self):
        original(self)
        self.trainer.lightning_module.eval()

    patch.setattr(_PredictionLoop, "_on_predict_model_eval", switch)


@sabotage("since.module-modes-after-evaluation")
def modes_are_restored_all_the_same(patch):
    """Modes are restored besides the module's own hook."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    original = _EvaluationLoop._on_evaluation_model_train

    def switch(self):
        original(self)
        self._module_mode.restore(self.trainer.lightning_module)

    patch.setattr(_EvaluationLoop, "_on_evaluation_model_train", switch)


@sabotage("since.evaluation-restores-modes")
def evaluation_ends_in_train_mode(patch):
    """After validation everything is put into train mode."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    patch.setattr(_EvaluationLoop, "_on_evaluation_model_train", lambda self: self.trainer.lightning_module.train())


@sabotage("since.prediction-restores-modes")
def prediction_ends_in_eval_mode(patch):
    """After predicting no mode is restored."""
    from pytorch_lightning.loops.prediction_loop import _PredictionLoop

    patch.setattr(_PredictionLoop, "_on_predict_model_train", lambda self: None)


@sabotage("since.prediction-restores-modes")
def prediction_ends_in_train_mode(patch):
    """After predicting everything is put into train mode."""
    from pytorch_lightning.loops.prediction_loop import _PredictionLoop

    patch.setattr(_PredictionLoop, "_on_predict_model_train", lambda self: self.trainer.lightning_module.train())


@sabotage("since.module-on_validation_model_zero_grad")
def gradients_stay_for_validation(patch):
    """on_validation_model_zero_grad is not called."""
    skip(patch, "module", "on_validation_model_zero_grad")


@sabotage("since.module-on_validation_model_zero_grad", "since.validation-keeps-accumulated-gradients")
def every_validation_clears_gradients(patch):
    """Gradients are cleared wherever a validation starts."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop
    from pytorch_lightning.trainer import call

    original = _EvaluationLoop._on_evaluation_model_eval

    def clear(self):
        call._call_lightning_module_hook(self.trainer, "on_validation_model_zero_grad")
        original(self)

    patch.setattr(_EvaluationLoop, "_on_evaluation_model_eval", clear)


@sabotage("since.fit-clears-gradients")
def a_run_takes_gradients_as_they_are(patch):
    """Gradients that the module brings are not cleared when a run begins."""
    rewrite(patch, Trainer, "_run_stage", "self.lightning_module.zero_grad()", "pass")
