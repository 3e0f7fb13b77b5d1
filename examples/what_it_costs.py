"""Count what one inference costs, beside the artificial network of the same shape."""

import spikewright as sw

digits = sw.data.load("digits")
spiking = sw.learners.RateConversion("100", epochs=10, batch_size=25)
artificial = spiking.twin(digits.shape)
test = digits.read_test()
for learner in (spiking, artificial):
    learner.fit(digits.train.x, digits.train.y, validation=(digits.validation.x, digits.validation.y))
    cost = sw.cost.measure(learner.network_, sw.run(learner.network_, test.x))
    total = cost.total
    print(f"{type(learner).__name__}: accuracy {learner.score(test.x, test.y):.3f}")
    print(f"  {total.synaptic_operations:.0f} synaptic operations, {total.multiply_accumulates:.0f} multiplications")
    for model in sw.cost.ENERGY_MODELS:
        print(f"  {model.energy(cost) / 1000:.1f} nJ under {model.name}: {model.constants}")
