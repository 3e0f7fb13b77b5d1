"""Train a spiking network on digits and look at how it decides."""

import torch

import spikewright as sw

digits = sw.data.load("digits")
learner = sw.learners.SurrogateGradient("100", steps=8, epochs=10, batch_size=25, learning_rate=2e-3)
learner.fit(digits.train.x, digits.train.y, validation=(digits.validation.x, digits.validation.y))

test = digits.read_test()
activity = sw.run(learner.network_, test.x)
labels = torch.from_numpy(test.y)
print(f"accuracy {activity.accuracy(labels):.3f}, decided after {activity.latencies.double().mean():.1f} steps")
for step, accuracy in enumerate(activity.accuracy_over_time(labels), start=1):
    print(f"after step {step}: {accuracy:.3f}")
