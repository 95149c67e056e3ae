"""Install checkout_harness."""

from setuptools import find_packages, setup

package = 'checkout_harness'

setup(
    name=package,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    package_data={package: ['report/*.css', 'report/*.json', 'scenarios/*.yaml']},
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package]),
        ('share/' + package, ['package.xml', 'README.md']),
    ],
    install_requires=['setuptools'],
    zip_safe=False,
    maintainer='Smart checkout maintainers',
    maintainer_email='maintainers@smart-checkout.example',
    description='Replay of recorded checkouts in lock step, evaluation against ground truth, reports and gates.',
    license='Apache-2.0',
)
