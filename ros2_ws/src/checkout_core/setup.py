"""Install checkout_core."""

from glob import glob

from setuptools import find_packages, setup

package = 'checkout_core'

setup(
    name=package,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package]),
        ('share/' + package, ['package.xml', 'README.md']),
        ('share/' + package + '/config', glob('config/*.yaml')),
    ],
    install_requires=['setuptools'],
    zip_safe=False,
    maintainer='Smart checkout maintainers',
    maintainer_email='maintainers@smart-checkout.example',
    description=(
        'What two or more packages of the smart checkout use: frames, boxes'
        ', configuration, catalogue, models, runtimes, metrics, ROS helpers.'
    ),
    license='Apache-2.0',
)
